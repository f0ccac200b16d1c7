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

// agentFilter is what the agent and everything it starts lives under.
func agentFilter() filter {
	f := filter{errnos: denials(), sockets: true, namespaces: true}
	// Its flags lie in memory, where a filter cannot look; with ENOSYS libraries fall back to clone(2), which it can see.
	f.errnos[unix.SYS_CLONE3] = unix.ENOSYS
	return f
}

// guardFilter leaves netlink (nft needs it) and clone as they are.
func guardFilter() filter {
	return filter{errnos: denials(), namespaces: true}
}

func denials() map[uint32]unix.Errno {
	errnos := map[uint32]unix.Errno{}
	for _, nr := range append(slices.Clone(deniedEverywhere), deniedOnArch...) {
		errnos[nr] = unix.EPERM
	}
	return errnos
}

func sortedKeys(m map[uint32]unix.Errno) []uint32 {
	return slices.Sorted(maps.Keys(m))
}
