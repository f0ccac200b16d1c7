package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

type runOptions struct {
	hold     bool
	landlock string
	workdir  string
	timeout  time.Duration
	writable string
	command  []string
}

func parseRunOptions(args []string) (runOptions, error) {
	var o runOptions
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	flags.BoolVar(&o.hold, "hold", false, "hold the container open and reap what is left in it")
	flags.StringVar(&o.landlock, "landlock", "BestEffort", "BestEffort or Required")
	flags.StringVar(&o.workdir, "workdir", "/sandbox", "working directory")
	flags.DurationVar(&o.timeout, "timeout", 60*time.Second, "how long to wait for the fence")
	flags.StringVar(&o.writable, "writable", cmp.Or(os.Getenv(WritableVariable), "/sandbox:/tmp"), "writable folders")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.command = flags.Args()
	switch {
	case o.landlock != "BestEffort" && o.landlock != "Required":
		return o, fmt.Errorf("--landlock %q is neither BestEffort nor Required", o.landlock)
	case o.hold == (len(o.command) > 0):
		return o, errors.New("give a command after --, or --hold")
	}
	return o, nil
}

// run waits for the fence, locks this process in, and becomes the agent. Without a fence nothing is ever executed.
func run(args []string) error {
	o, err := parseRunOptions(args)
	if err != nil {
		return err
	}
	if err := refuseIdentity(os.Getuid(), os.Getgid()); err != nil {
		return err
	}
	if err := awaitReady(o.timeout); err != nil {
		return err
	}
	setEnvironment(o.folders())
	program, err := o.program()
	if err != nil {
		return err
	}
	if err := lockIn(o); err != nil {
		return err
	}
	if o.hold {
		return hold()
	}
	return exitError{exitNotExecutable, fmt.Errorf("%s cannot be executed: %w", program, syscall.Exec(program, o.command, os.Environ()))}
}

// refuseIdentity: admission forbids these as well; this holds where an image or a session brought them all the same.
func refuseIdentity(uid, gid int) error {
	switch {
	case uid == 0:
		return errors.New("the agent must not be uid 0; set runAsUser (1000 unless told otherwise)")
	case uid == SidecarUID || gid == SidecarGID:
		return fmt.Errorf("uid and gid %d are the sidecar's, which the fence lets out; set another runAsUser and runAsGroup", SidecarUID)
	}
	return nil
}

func (o runOptions) folders() []string { return strings.Split(o.writable, ":") }

// program looks the command up as the agent's own PATH has it.
func (o runOptions) program() (string, error) {
	// As the agent, before anything is locked: what is not there yet could never be made afterwards.
	for _, dir := range o.folders() {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return "", fmt.Errorf("writable folder: %w", err)
		}
	}
	if err := os.Chdir(o.workdir); err != nil {
		return "", fmt.Errorf("working directory: %w", err)
	}
	if o.hold {
		return "", nil
	}
	program, err := exec.LookPath(o.command[0])
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return "", exitError{exitNotFound, err}
	}
	return program, nil
}

func lockIn(o runOptions) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("no core files: %w", err)
	}
	if err := limitProcesses(); err != nil {
		return err
	}
	unix.Umask(0o027)
	if err := unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("closing inherited descriptors: %w", err)
	}
	missing, err := restrictFiles(o.folders(), o.landlock == "Required")
	if err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	reportMissing(missing)
	if err := loadFilter(agentFilter()); err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	return nil
}

const maxProcesses = 4096

// limitProcesses: RLIMIT_NPROC counts per user of a user namespace. In the node's own it would count other pods' agents too.
func limitProcesses() error {
	mapping, err := os.ReadFile("/proc/self/uid_map")
	if err != nil || strings.Join(strings.Fields(string(mapping)), " ") == "0 0 4294967295" {
		return nil // unknown counts as the node's: the pod's pid limit holds in both
	}
	if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: maxProcesses, Max: maxProcesses}); err != nil {
		return fmt.Errorf("process limit: %w", err)
	}
	return nil
}

// reportMissing names what this node could not close, for the condition IsolationComplete.
func reportMissing(missing []string) {
	if len(missing) == 0 {
		return
	}
	line, err := json.Marshal(map[string]any{"creel": "isolation", "missing": missing})
	if err == nil {
		fmt.Fprintln(os.Stderr, string(line))
	}
}

// leaveTerminationMessage tells the kubelet, and so the Sandbox's condition, why nothing was started. After Landlock the file
// is closed to the agent and to us.
func leaveTerminationMessage(message string) {
	file, err := os.OpenFile("/dev/termination-log", os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return // no kubelet, or too late: standard error has it as well
	}
	defer file.Close()
	_, _ = file.WriteString(message)
}
