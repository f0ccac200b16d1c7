package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serveAttestation answers at the attestation's own address, on this namespace's loopback.
func serveAttestation(t *testing.T, a attestation) {
	t.Helper()
	sh(t, "ip link set lo up", "ip addr add "+AttestationAddress+"/32 dev lo")
	line, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp4", fmt.Sprintf("%s:%d", AttestationAddress, AttestationPort))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go greet(listener, string(line)+"\n")
}

var standing = attestation{"attestation", "Verified", true, "1.1", ""}

// agentHome is a folder with what a sandbox has: sandbox and tmp writable, other writable to anybody but not the agent's.
type agentHome struct{ folder, program string }

func newAgentHome(t *testing.T) agentHome {
	t.Helper()
	program := copyBinary(t)
	folder := strings.TrimSuffix(program, "/program")
	for _, dir := range []string{"sandbox", "tmp", "other"} {
		if err := os.Mkdir(folder+"/"+dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(folder+"/"+dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, folder+"/other/termination-log", "", 0o666)
	writeFile(t, folder+"/sandbox/own", "own", 0o666)
	return agentHome{folder, program}
}

func (h agentHome) launcher(uid int, args ...string) *exec.Cmd {
	options := []string{"run", "--writable", h.folder + "/sandbox:" + h.folder + "/tmp", "--workdir", h.folder + "/sandbox", "--timeout", "2s"}
	cmd := programAs(uid, append(options, args...)...)
	cmd.Path = h.program
	return cmd
}

func outcome(cmd *exec.Cmd) (output string, code int) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run()
	return out.String(), cmd.ProcessState.ExitCode()
}

func TestNothingIsStartedWithoutAFence(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		home := newAgentHome(t)
		for name, c := range map[string]struct {
			answers attestation
			says    string
		}{
			"nobody answers":          {says: "the sidecar does not answer"},
			"somebody else answers":   {attestation{Creel: "hello"}, "something else than the sidecar"},
			"no policy yet":           {attestation{"attestation", "Verified", false, "", "no snapshot yet"}, "no snapshot yet"},
			"the fence is broken":     {attestation{"attestation", "Broken", true, "1.1", "flushed"}, "fence Broken"},
			"the fence is not proven": {attestation{"attestation", "", true, "1.1", ""}, "fence ,"},
			"a fence that came back":  {attestation{"attestation", "Reinstalled", true, "1.1", ""}, ""},
			"fence and policy stand":  {standing, ""},
		} {
			t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
				if c.answers.Creel != "" {
					serveAttestation(t, c.answers)
					defer sh(t, "ip addr del "+AttestationAddress+"/32 dev lo")
				}
				out, code := outcome(home.launcher(AgentUID, "--", "/bin/sh", "-c", "echo started"))
				started := strings.Contains(out, "started")
				if c.says == "" && (!started || code != 0) {
					t.Errorf("not started: %d %s", code, out)
				}
				if c.says != "" && (started || code != exitNotReady || !strings.Contains(out, c.says)) {
					t.Errorf("exit %d, %s", code, out)
				}
			})
		}
	})
}

func TestTheHooksAreBoundedAndSayWhy(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		world := startPod(t)
		before := world.frames.Load()
		began := time.Now()
		out, code := outcome(programAs(0, "wait-ready", "--timeout", "300ms"))
		if escaped := world.settled(t, before); escaped != 0 {
			t.Errorf("%d frames left before there was a fence", escaped)
		}
		if code != exitNotReady || !strings.Contains(out, "no fence") || time.Since(began) > 3*time.Second {
			t.Errorf("%d after %s: %s", code, time.Since(began), out)
		}
		if out, code := outcome(programAs(0, "verify")); code == 0 {
			t.Errorf("verify passes without a sidecar: %s", out)
		}
		serveAttestation(t, attestation{"attestation", "Verified", false, "", "no snapshot yet"})
		if out, code := outcome(programAs(0, "verify")); code == 0 {
			t.Errorf("verify passes without a fence: %s", out)
		}
		mustInstallFence(t)
		if out, code := outcome(programAs(0, "verify")); code != 0 {
			t.Errorf("verify must not ask for a policy, a restart brings none: %s", out)
		}
		if out, code := outcome(programAs(0, "wait-ready", "--timeout", "300ms")); code != exitNotReady || !strings.Contains(out, "no snapshot yet") {
			t.Errorf("ready without a policy: %d %s", code, out)
		}
	})
}

func TestN43N45TheSidecarsIdentityAndRootCannotRunAnAgent(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		serveAttestation(t, standing)
		home := newAgentHome(t)
		for _, c := range []struct {
			uid, gid uint32
			says     string
		}{{0, 0, "must not be uid 0"}, {SidecarUID, 1000, "are the sidecar's"}, {1000, SidecarGID, "are the sidecar's"}} {
			cmd := home.launcher(int(c.uid), "--", "/bin/sh", "-c", "echo started")
			cmd.SysProcAttr.Credential = &syscall.Credential{Uid: c.uid, Gid: c.gid}
			if out, code := outcome(cmd); code == 0 || strings.Contains(out, "started\n") || !strings.Contains(out, c.says) {
				t.Errorf("%d:%d: %d %s", c.uid, c.gid, code, out)
			}
		}
	})
}

func TestTheSandboxSaysWhatStaysWritable(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		if landlockABI() == 0 {
			t.Skip("SKIPPED: this kernel has no Landlock")
		}
		serveAttestation(t, standing)
		home := newAgentHome(t)
		work := home.folder + "/sandbox/work"
		const script = `: > "$0/sandbox/work/x" && echo inside; : > "$0/sandbox/x" && echo beside; : > "$0/tmp/x" && echo elsewhere`
		try := func(writable string) string {
			cmd := programAs(AgentUID, "run", "--workdir", home.folder+"/sandbox", "--timeout", "10s", "--", "/bin/sh", "-c", script, home.folder)
			cmd.Path = home.program
			cmd.Env = append(os.Environ(), WritableVariable+"="+writable)
			out, _ := outcome(cmd)
			return out
		}
		out := try(work)
		if !strings.Contains(out, "inside\n") || strings.Contains(out, "beside\n") || strings.Contains(out, "elsewhere\n") {
			t.Errorf("with %s alone: %s", work, out)
		}
		out = try(home.folder + "/sandbox:" + home.folder + "/tmp")
		for _, place := range []string{"inside", "beside", "elsewhere"} {
			if !strings.Contains(out, place+"\n") {
				t.Errorf("with both folders, %s is not writable: %s", place, out)
			}
		}
	})
}

func TestACommandThatCannotStartSaysSo(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		serveAttestation(t, standing)
		home := newAgentHome(t)
		writeFile(t, home.folder+"/sandbox/text", "no program", 0o644)
		writeFile(t, home.folder+"/sandbox/odd", "no program", 0o755)
		for _, c := range []struct {
			args []string
			code int
			says string
		}{
			{[]string{"--", "no-such-program"}, exitNotFound, "not found"},
			{[]string{"--", "./text"}, exitNotFound, "permission denied"},
			{[]string{"--", "./odd"}, exitNotExecutable, "exec format error"},
			{[]string{"--workdir", "/no/such", "--", "/bin/true"}, 1, "working directory"},
			{[]string{"--landlock", "Maybe", "--", "/bin/true"}, 1, "neither BestEffort nor Required"},
			{nil, 1, "give a command"},
			{[]string{"--hold", "--", "/bin/true"}, 1, "give a command"},
			{[]string{"--", "/bin/sh", "-c", "exit 7"}, 7, ""},
		} {
			if out, code := outcome(home.launcher(AgentUID, c.args...)); code != c.code || !strings.Contains(out, c.says) {
				t.Errorf("%v: exit %d, want %d: %s", c.args, code, c.code, out)
			}
		}
	})
}

func TestHoldReapsOrphansAndStopsWhenTold(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		serveAttestation(t, standing)
		home := newAgentHome(t)
		// A shell that leaves an orphan behind, then becomes the holder.
		cmd := programAs(AgentUID, "-c", "(sleep 0.2 & sleep 0.1) & exec \"$0\" \"$@\"", home.program, "run", "--hold", "--writable", home.folder+"/tmp", "--workdir", home.folder)
		cmd.Path = "/bin/sh"
		cmd.Args[0] = "sh"
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "the holder to be locked in", func() bool { return status(t, cmd.Process.Pid, "Seccomp") == "2" })
		until(t, "every child to be reaped", func() bool { return len(childrenOf(cmd.Process.Pid)) == 0 })
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("hold ended with %v", err)
		}
	})
}

func childrenOf(parent int) (children []string) {
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		var pid int
		if _, err := fmt.Sscan(entry.Name(), &pid); err == nil && parentOf(pid) == parent {
			children = append(children, entry.Name())
		}
	}
	return children
}
