package main

import (
	"errors"
	"os/exec"
	"strconv"
	"syscall"
)

const signalProxyCommand = "signal-proxy"

// signalProxy sends a signal to the proxy. The guard is uid 0 without CAP_KILL, and asks for no such capability: a child that
// becomes the proxy's uid may signal it.
func signalProxy(pid int, signal syscall.Signal) {
	cmd := exec.Command("/proc/self/exe", signalProxyCommand, strconv.Itoa(pid), strconv.Itoa(int(signal)))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: SidecarUID, Gid: SidecarGID}}
	if err := cmd.Run(); err != nil {
		logLine("the proxy could not be signalled: " + err.Error())
	}
}

func sendSignal(args []string) error {
	if len(args) != 2 {
		return errors.New("want a process and a signal")
	}
	pid, err1 := strconv.Atoi(args[0])
	signal, err2 := strconv.Atoi(args[1])
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	return syscall.Kill(pid, syscall.Signal(signal))
}
