package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// standInProxy is what the guard starts in these tests in node's place: it answers the attestation on the captured port, and
// hands what the guard says on descriptor 3 to the test, and the test's questions to the guard, over files in its folder.
func standInProxy(args []string) error {
	guardSocket := os.NewFile(3, "guard")
	transparent, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", TransparentPort))
	if err != nil {
		return err
	}
	control, err := net.Listen("unix", filepath.Join(args[0], "control.sock"))
	if err != nil {
		return err
	}
	var mu sync.Mutex
	fence := "Unknown"
	var asker net.Conn
	go func() {
		for lines := bufio.NewScanner(guardSocket); lines.Scan(); {
			var event fenceEvent
			mu.Lock()
			if json.Unmarshal(lines.Bytes(), &event) == nil && event.Event == "fence" {
				fence = event.State
			} else if asker != nil {
				_, _ = asker.Write(append(lines.Bytes(), '\n'))
			}
			mu.Unlock()
		}
		os.Exit(0) // the guard is gone
	}()
	go func() {
		for {
			conn, err := control.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			asker = conn
			mu.Unlock()
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				_, _ = guardSocket.Write(append(lines.Bytes(), '\n'))
			}
		}
	}()
	if len(args) > 1 && args[1] == "deaf" {
		ignoreTerm()
	}
	for {
		conn, err := transparent.Accept()
		if err != nil {
			return err
		}
		mu.Lock()
		_ = json.NewEncoder(conn).Encode(attestation{"attestation", fence, true, "1.1", ""})
		mu.Unlock()
		conn.Close()
	}
}

// withGuardCaps keeps exactly what the pod gives the sidecar container, and becomes the guard.
func withGuardCaps(args []string) error {
	kept := []uintptr{unix.CAP_NET_ADMIN, unix.CAP_SETUID, unix.CAP_SETGID, unix.CAP_SETPCAP}
	for capability := uintptr(0); capability <= unix.CAP_LAST_CAP; capability++ {
		if !slices.Contains(kept, capability) {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
				return err
			}
		}
	}
	return syscall.Exec("/proc/self/exe", append([]string{"launcher", "guard"}, args...), os.Environ())
}

type testGuard struct {
	cmd                     *exec.Cmd
	log                     bytes.Buffer
	shared, private, folder string
	ended                   chan error
}

// startGuard starts a guard with a stand-in for node, and waits until it attests.
func startGuard(t *testing.T, proxyArgs ...string) *testGuard {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "cr-launcher-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	g := &testGuard{shared: folder + "/shared", private: folder + "/private", folder: folder + "/proxy", ended: make(chan error, 1)}
	for dir, mode := range map[string]os.FileMode{folder: 0o755, g.shared: 0o777, g.private: 0o777, g.folder: 0o777, folder + "/podinfo": 0o755} {
		if err := os.MkdirAll(dir, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, folder+"/token", "first token\n", 0o600)
	writeFile(t, folder+"/roots.pem", "# public roots\n", 0o644)
	writeFile(t, folder+"/podinfo/extra-ca.pem", "# roots of the house\n", 0o644)
	args := append([]string{"with-guard-caps", "--shared", g.shared, "--private", g.private, "--token", folder + "/token",
		"--podinfo", folder + "/podinfo", "--roots", folder + "/roots.pem", "--", "/proc/self/exe", "stand-in-proxy", g.folder}, proxyArgs...)
	g.cmd = exec.Command("/proc/self/exe", args...)
	g.cmd.Env = append(os.Environ(), "NODE_OPTIONS=--inspect", "CREEL_SANDBOX=team/one")
	g.cmd.Stdout, g.cmd.Stderr = &g.log, &g.log
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { g.ended <- g.cmd.Wait() }()
	t.Cleanup(func() { _ = g.cmd.Process.Kill() })
	g.awaitAttestation(t, "Verified")
	return g
}

func (g *testGuard) awaitAttestation(t *testing.T, fence string) {
	t.Helper()
	var last attestation
	var err error
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if last, err = askAttestation(t.Context()); err == nil && last.Fence == fence {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	t.Fatalf("no attestation of a fence %s: %v %v\n%s", fence, last, err, g.log.String())
}

// proxy is the process id of the guard's child.
func (g *testGuard) proxy(t *testing.T) int {
	t.Helper()
	pid := 0
	until(t, "a proxy", func() bool {
		processes, _ := os.ReadDir("/proc")
		for _, entry := range processes {
			candidate, err := strconv.Atoi(entry.Name())
			if err == nil && parentOf(candidate) == g.cmd.Process.Pid && uidOf(candidate) == SidecarUID {
				pid = candidate
				return true
			}
		}
		return false
	})
	return pid
}

// ask sends one request as node would and returns the guard's answer.
func (g *testGuard) ask(t *testing.T, request guardRequest) guardAnswer {
	t.Helper()
	var conn net.Conn
	var err error
	until(t, "the proxy's control socket", func() bool {
		conn, err = net.Dial("unix", g.folder+"/control.sock")
		return err == nil
	})
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(request); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	var answer guardAnswer
	if err := json.NewDecoder(conn).Decode(&answer); err != nil {
		t.Fatalf("no answer to %+v: %v", request, err)
	}
	return answer
}

func status(t *testing.T, pid int, field string) string {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return ""
}
