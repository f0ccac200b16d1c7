package main

import (
	"maps"
	"slices"

	"golang.org/x/sys/unix"
)

// deniedEverywhere has no business in the agent nor in the sidecar: other processes' memory and descriptors, the mount
// table, namespaces, the kernel's own machinery, and interfaces with a long record of holes.
var deniedEverywhere = []uint32{
	unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_NAME_TO_HANDLE_AT,
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_GETFD, unix.SYS_KCMP, unix.SYS_PROCESS_MADVISE,
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT,
	unix.SYS_FSPICK, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_MOUNT_SETATTR,
	unix.SYS_UNSHARE, unix.SYS_SETNS,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
	unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE,
	unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD,
	unix.SYS_SYSLOG, unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_CLOCK_ADJTIME, unix.SYS_ADJTIMEX,
	unix.SYS_PERSONALITY, unix.SYS_MEMFD_SECRET, unix.SYS_VHANGUP, unix.SYS_LOOKUP_DCOOKIE, unix.SYS_NFSSERVCTL,
	unix.SYS_FANOTIFY_INIT, unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME,
}

// agentFilter is what the agent and everything it starts lives under. memfd_create stays (browsers need it): what it executes
// is under the same limits.
func agentFilter() filter {
	return filter{errnos: denials(), sockets: true, clone: noNamespaces, terminals: true}
}

// guardFilter leaves all of netlink, which nft needs, and starting processes.
func guardFilter() filter {
	return filter{errnos: denials(), clone: noNamespaces}
}

// proxyFilter lies over the guard's: the process that parses the agent's bytes starts nothing, ever. execve itself must stay,
// for the one that follows; without a new process it can only end the proxy.
func proxyFilter() filter {
	f := filter{errnos: denials(), sockets: true, clone: onlyThreads, terminals: true}
	for _, nr := range append([]uint32{unix.SYS_EXECVEAT}, processesOnArch...) {
		f.errnos[nr] = unix.EPERM
	}
	return f
}

func denials() map[uint32]unix.Errno {
	errnos := map[uint32]unix.Errno{}
	for _, nr := range append(slices.Clone(deniedEverywhere), deniedOnArch...) {
		errnos[nr] = unix.EPERM
	}
	// Its flags lie in memory, where a filter cannot look; with ENOSYS libraries fall back to clone(2), which it can see.
	errnos[unix.SYS_CLONE3] = unix.ENOSYS
	return errnos
}

func sortedKeys(m map[uint32]unix.Errno) []uint32 {
	return slices.Sorted(maps.Keys(m))
}
