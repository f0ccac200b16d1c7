// Command launcher stands at both ends of a sandbox: in the sidecar it fences the pod in and starts the proxy without
// privilege (guard, wait-ready, verify), in the agent's container it waits for that fence and locks itself in (run).
package main

import (
	"fmt"
	"os"
	"runtime"
)

// Capabilities, no_new_privs and file system ids belong to a thread: main stays on the one that execs.
func init() { runtime.LockOSThread() }

type command struct {
	run  func(args []string) error
	help string
}

var commands = map[string]command{
	"guard":      {guard, "guard [flags] -- PROXY [ARGS...]   install, prove and watch the fence; start the proxy as the sidecar's uid"},
	"wait-ready": {waitReady, "wait-ready [--timeout 20s]   return when fence and policy stand"},
	"verify":     {verify, "verify   fail unless the proxy answers through the fence"},
	"run":        {run, "run [--hold] [--landlock BestEffort|Required] [--workdir DIR] [--timeout 60s] -- CMD [ARGS...]"},
	// Re-executions of itself: each sheds what the next process must not have.
	execProxyCommand:   {execProxy, ""},
	probeFenceCommand:  {probeFence, ""},
	signalProxyCommand: {sendSignal, ""},
}

func main() {
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	known, ok := commands[name]
	if !ok {
		usage()
		os.Exit(2)
	}
	if err := known.run(os.Args[2:]); err != nil {
		message := fmt.Sprintf("launcher %s: %v\n", name, err)
		fmt.Fprint(os.Stderr, message)
		if name == "run" {
			leaveTerminationMessage(message)
		}
		os.Exit(exitCode(err))
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage:")
	for _, name := range []string{"guard", "wait-ready", "verify", "run"} {
		fmt.Fprintln(os.Stderr, "  launcher", commands[name].help)
	}
}
