package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// becomeAgentReader gives the calling goroutine a thread of its own whose file system uid and gid are the agent's: the kernel
// then lets it read the agent's /proc/PID without any capability, and nothing the agent could not read itself. Kill and
// ptrace checks look at the real uid, so the agent gains nothing over this thread. The thread ends with the goroutine;
// the Go runtime clones no other thread from a locked one.
func becomeAgentReader(uid, gid int) {
	runtime.LockOSThread()
	_, _, _ = unix.RawSyscall(unix.SYS_SETFSGID, uintptr(gid), 0, 0)
	_, _, _ = unix.RawSyscall(unix.SYS_SETFSUID, uintptr(uid), 0, 0)
}

// scanSockets passes once over /proc and says which processes hold each of the wanted sockets. blind counts the agent's
// processes whose descriptors could not be read: one of them may be the holder.
func scanSockets(agentUID int, wanted map[uint32]bool) (holders map[uint32][]int, blind int) {
	holders = map[uint32][]int{}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return holders, 1
	}
	self := os.Getpid()
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == self {
			continue
		}
		inodes, readable := socketsOf(agentUID, pid)
		if !readable {
			blind++
		}
		for inode := range inodes {
			if wanted[inode] {
				holders[inode] = append(holders[inode], pid)
			}
		}
	}
	return holders, blind
}

func socketsOf(agentUID, pid int) (inodes map[uint32]bool, readable bool) {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	descriptors, err := os.ReadDir(dir)
	if err != nil {
		// A process of another uid cannot hold the agent's socket unless it was handed one; a vanished one does not.
		return nil, os.IsNotExist(err) || uidOf(pid) != agentUID
	}
	inodes = map[uint32]bool{}
	for _, descriptor := range descriptors {
		target, err := os.Readlink(filepath.Join(dir, descriptor.Name()))
		if err != nil {
			continue
		}
		if text, ok := strings.CutPrefix(target, "socket:["); ok {
			if inode, err := strconv.ParseUint(strings.TrimSuffix(text, "]"), 10, 32); err == nil {
				inodes[uint32(inode)] = true
			}
		}
	}
	return inodes, true
}

// uidOf is the real uid of a living process, -1 when it is gone or a zombie, which holds nothing any more.
// /proc/PID/status is open to all, of undumpable processes too.
func uidOf(pid int) int {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		switch {
		case len(fields) == 0:
		case name == "State" && (fields[0] == "Z" || fields[0] == "X"):
			return -1
		case name == "Uid":
			if uid, err := strconv.Atoi(fields[0]); err == nil {
				return uid
			}
		}
	}
	return -1
}
