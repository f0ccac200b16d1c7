package main

import (
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
	flags.StringVar(&o.writable, "writable", "/sandbox:/tmp", "writable folders")
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
	if _, err := awaitReady(o.timeout); err != nil {
		return err
	}
	setEnvironment()
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

// program looks the command up as the agent's own PATH has it.
func (o runOptions) program() (string, error) {
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
	unix.Umask(0o027)
	if err := unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("closing inherited descriptors: %w", err)
	}
	missing, err := restrictFiles(strings.Split(o.writable, ":"), o.landlock == "Required")
	if err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	reportMissing(missing)
	if err := loadFilter(agentFilter()); err != nil {
		return fmt.Errorf("seccomp: %w", err)
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

// trustVariables make the usual clients trust the sandbox's CA beside the public roots.
var trustVariables = []string{
	"NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT", "AWS_CA_BUNDLE",
	"DENO_CERT", "CARGO_HTTP_CAINFO", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "NIX_SSL_CERT_FILE",
}

func setEnvironment() {
	for _, name := range trustVariables {
		if os.Getenv(name) == "" {
			os.Setenv(name, SharedDir+"/ca-bundle.crt")
		}
	}
	if os.Getenv("HOME") == "" || os.Getenv("HOME") == "/" {
		os.Setenv("HOME", "/sandbox")
	}
}
