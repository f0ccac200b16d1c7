package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// selfReport is what a program sees of its own limits.
type selfReport struct {
	Status  map[string]string
	Env     map[string]string
	Files   []string
	Limits  string
	Umask   int
	Workdir string
	Writes  map[string]string
}

// reportSelf prints a selfReport; its arguments are tried as described at tryWrite.
func reportSelf(args []string) error {
	report := selfReport{Status: map[string]string{}, Env: map[string]string{}, Writes: map[string]string{}}
	content, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(content)) {
		name, value, _ := strings.Cut(line, ":")
		report.Status[name] = strings.Join(strings.Fields(value), " ")
	}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		report.Env[name] = value
	}
	descriptors, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, descriptor := range descriptors {
		target, _ := os.Readlink("/proc/self/fd/" + descriptor.Name())
		report.Files = append(report.Files, descriptor.Name()+" "+target)
	}
	limits, err := os.ReadFile("/proc/self/limits")
	if err != nil {
		return err
	}
	report.Limits = strings.Join(strings.Fields(string(limits)), " ")
	report.Umask = unix.Umask(0o022)
	report.Workdir, _ = os.Getwd()
	for _, arg := range args {
		report.Writes[arg] = fmt.Sprint(tryWrite(arg))
	}
	return json.NewEncoder(os.Stdout).Encode(report)
}

// tryWrite does one thing to a path, `verb:path` or `verb:path:other`.
func tryWrite(arg string) error {
	parts := strings.Split(arg, ":")
	switch parts[0] {
	case "create":
		return os.WriteFile(parts[1], []byte("x"), 0o666)
	case "open":
		file, err := os.OpenFile(parts[1], os.O_WRONLY, 0)
		if err == nil {
			file.Close()
		}
		return err
	case "truncate":
		return os.Truncate(parts[1], 0)
	case "mkdir":
		return os.Mkdir(parts[1], 0o777)
	case "link":
		return os.Link(parts[1], parts[2])
	case "symlink":
		return os.Symlink(parts[1], parts[2])
	case "rename":
		return os.Rename(parts[1], parts[2])
	case "remove":
		return os.Remove(parts[1])
	case "fifo":
		return unix.Mkfifo(parts[1], 0o666)
	case "read":
		_, err := os.ReadFile(parts[1])
		return err
	}
	return fmt.Errorf("no verb %q", parts[0])
}

func reportUnder(t *testing.T, cmd *exec.Cmd) selfReport {
	t.Helper()
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, errors.String())
	}
	var report selfReport
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	return report
}

func TestN46TheAgentStartsWithoutPrivilegeAndTrustsTheSandboxCA(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		needLandlock(t)
		serveAttestation(t, standing)
		home := newAgentHome(t)
		cmd := home.launcher(AgentUID, "--landlock", "Required", "--", "program", "report-self")
		cmd.Env = []string{"PATH=/nowhere:" + home.folder, "HOME=/root", "CURL_CA_BUNDLE=/mine.pem"}
		leaked, err := os.Open("/etc/passwd")
		if err != nil {
			t.Fatal(err)
		}
		cmd.ExtraFiles = []*os.File{leaked}
		report := reportUnder(t, cmd)
		for field, want := range map[string]string{
			"Uid": "1000 1000 1000 1000", "NoNewPrivs": "1", "Seccomp": "2", "CapEff": "0000000000000000", "CapPrm": "0000000000000000",
		} {
			if got := report.Status[field]; got != want {
				t.Errorf("%s: %q, want %q", field, got, want)
			}
		}
		mustContain(t, "limits", report.Limits, "Max core file size 0 0")
		if report.Umask != 0o027 || report.Workdir != home.folder+"/sandbox" {
			t.Errorf("umask %o, working directory %s", report.Umask, report.Workdir)
		}
		if slices.ContainsFunc(report.Files, func(f string) bool { return strings.Contains(f, "passwd") }) {
			t.Errorf("an inherited descriptor is open: %v", report.Files)
		}
		for name, want := range map[string]string{
			"HOME": home.folder + "/sandbox", "CURL_CA_BUNDLE": "/mine.pem", "SSL_CERT_FILE": SharedDir + "/ca-bundle.crt",
			"NODE_EXTRA_CA_CERTS": SharedDir + "/ca-bundle.crt", "GIT_SSL_CAINFO": SharedDir + "/ca-bundle.crt",
		} {
			if got := report.Env[name]; got != want {
				t.Errorf("%s=%s, want %s", name, got, want)
			}
		}
	})
}

func needLandlock(t *testing.T) {
	t.Helper()
	if abi := landlockABI(); abi < landlockWanted {
		t.Skipf("SKIPPED: this kernel's Landlock ABI is %d, the test needs %d", abi, landlockWanted)
	}
}

func TestOnlySandboxAndTmpAreWritable(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		needLandlock(t)
		serveAttestation(t, standing)
		home := newAgentHome(t)
		f := home.folder
		inside := []string{
			"create:" + f + "/sandbox/a", "mkdir:" + f + "/tmp/d", "rename:" + f + "/sandbox/a:" + f + "/tmp/a", "link:" + f + "/tmp/a:" + f + "/sandbox/l",
			"symlink:/etc:" + f + "/sandbox/s", "fifo:" + f + "/tmp/f", "truncate:" + f + "/tmp/a", "remove:" + f + "/tmp/a", "open:/dev/null", "read:/etc/passwd",
		}
		outside := []string{
			"create:" + f + "/other/a", "open:" + f + "/other/termination-log", "truncate:" + f + "/other/termination-log", "mkdir:" + f + "/other/d",
			"create:" + f + "/sandbox/../other/b", "open:/proc/self/root" + f + "/other/termination-log",
			"link:" + f + "/sandbox/own:" + f + "/other/l", "symlink:/etc:" + f + "/other/s", "fifo:" + f + "/other/f", "create:/dev/shm/cr-launcher-test",
			"rename:" + f + "/sandbox/own:" + f + "/other/own", "rename:" + f + "/other/own:" + f + "/sandbox/own", "remove:" + f + "/other/termination-log",
			"create:/var/tmp/cr-launcher-test",
		}
		defer os.Remove("/dev/shm/cr-launcher-test")
		defer os.Remove("/var/tmp/cr-launcher-test")
		report := reportUnder(t, home.launcher(AgentUID, append([]string{"--landlock", "Required", "--", home.program, "report-self"}, append(inside, outside...)...)...))
		for _, attempt := range inside {
			if got := report.Writes[attempt]; got != "<nil>" {
				t.Errorf("%s: %s", attempt, got)
			}
		}
		for _, attempt := range outside {
			got := report.Writes[attempt]
			if !strings.Contains(got, "permission denied") && !strings.Contains(got, "invalid cross-device link") && !strings.Contains(got, "no such file") {
				t.Errorf("%s: %s", attempt, got)
			}
		}
		control := programAs(AgentUID, append([]string{"report-self"}, outside...)...)
		control.Path = home.program
		for attempt, got := range reportUnder(t, control).Writes {
			if got != "<nil>" {
				t.Errorf("without Landlock, %s: %s; so the case proves nothing", attempt, got)
			}
		}
	})
}
