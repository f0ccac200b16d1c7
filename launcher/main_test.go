package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// The test binary stands in for the launcher and for the programs it meets: its first argument says as which.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if _, ok := commands[os.Args[1]]; ok {
			main()
			os.Exit(0)
		}
		if program, ok := testPrograms()[os.Args[1]]; ok {
			if err := program(os.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, os.Args[1]+":", err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// testPrograms is a function so that programs may start each other.
func testPrograms() map[string]func(args []string) error {
	return map[string]func([]string) error{
		"agent-dial":      agentDial,
		"dial-from":       dialFrom,
		"tail-writer":     tailWriter,
		"stand-in-proxy":  standInProxy,
		"with-guard-caps": withGuardCaps,
		"hold-connection": holdConnection,
		"become":          become,
		"sh-then":         shThen,
		"report-self":     reportSelf,
		"under-filter":    underFilter,
	}
}

const insideVariable = "CREEL_TEST_INSIDE"

// inNamespaces runs the body of a test again in a process with its own network, mounts and process ids, as root.
func inNamespaces(t *testing.T, body func(t *testing.T)) {
	t.Helper()
	if os.Getenv(insideVariable) == t.Name() {
		if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
			t.Fatal(err)
		}
		body(t)
		return
	}
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: needs root, for network namespaces; run: sudo go test ./...")
	}
	t.Parallel()
	cmd := exec.Command(testBinary(t), "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), insideVariable+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:   syscall.CLONE_NEWNET | syscall.CLONE_NEWPID,
		Unshareflags: syscall.CLONE_NEWNS,
	}
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "--- SKIP: "+t.Name()+" ") {
		t.Skipf("%s", out)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()+" ") {
		t.Fatalf("%v\n%s", err, out)
	}
}

func testBinary(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
