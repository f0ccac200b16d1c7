package main

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Offsets in struct seccomp_data (linux/seccomp.h); arguments are read by their low 32 bits on these little-endian machines.
const (
	dataNr   = 0
	dataArch = 4
	dataArgs = 16
)

func argLow(n uint32) uint32 { return dataArgs + 8*n }

// filter denies what it names and allows the rest: it lies over the runtime's own allow-list and takes away further.
type filter struct {
	// errnos says what each denied system call fails with.
	errnos map[uint32]unix.Errno
	// sockets restricts families and protocols of socket(2).
	sockets bool
	// clone is what clone(2) may not do.
	clone []bpf.Instruction
	// terminals denies the ioctls that put words into somebody's terminal.
	terminals bool
}

// loadFilter installs the filter on every thread of this process and all that it starts. no_new_privs must be set.
func loadFilter(f filter) error {
	program, err := f.assemble()
	if err != nil {
		return err
	}
	raw := make([]unix.SockFilter, len(program))
	for i, in := range program {
		raw[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	fprog := unix.SockFprog{Len: uint16(len(raw)), Filter: &raw[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(raw)
	if errno != 0 {
		return fmt.Errorf("seccomp(SET_MODE_FILTER, TSYNC): %w", errno)
	}
	return nil
}

func (f filter) assemble() ([]bpf.RawInstruction, error) {
	program := []bpf.Instruction{
		bpf.LoadAbsolute{Off: dataArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: nativeArch, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS}, // ia32 on x86_64: its numbers mean other calls
		bpf.LoadAbsolute{Off: dataNr, Size: 4},
	}
	// What a tracer leaves for "skip this call"; as an x32 number it would kill.
	program = append(program, onlyIf(bpf.JumpEqual, 0xffffffff, fails(unix.ENOSYS))...)
	if x32Bit != 0 {
		program = append(program, onlyIf(bpf.JumpGreaterOrEqual, x32Bit, unix.SECCOMP_RET_KILL_PROCESS)...)
	}
	for _, nr := range sortedKeys(f.errnos) {
		program = append(program, onlyIf(bpf.JumpEqual, nr, fails(f.errnos[nr]))...)
	}
	if f.clone != nil {
		program = append(program, guarded(unix.SYS_CLONE, f.clone)...)
	}
	if f.terminals {
		program = append(program, guarded(unix.SYS_IOCTL, terminalChecks)...)
	}
	if f.sockets {
		program = append(program, guarded(unix.SYS_SOCKET, socketChecks)...)
		program = append(program, guarded(unix.SYS_SOCKETPAIR, socketpairChecks)...)
	}
	program = append(program, allow)
	return bpf.Assemble(program)
}

var allow = bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}

func fails(errno unix.Errno) uint32 {
	return unix.SECCOMP_RET_ERRNO | uint32(errno)&unix.SECCOMP_RET_DATA
}

// onlyIf returns the action when the value in the accumulator compares so, else goes on.
func onlyIf(cond bpf.JumpTest, value, action uint32) []bpf.Instruction {
	return []bpf.Instruction{
		bpf.JumpIf{Cond: cond, Val: value, SkipFalse: 1},
		bpf.RetConstant{Val: action},
	}
}

// guarded runs the checks for one system call only; they end in a verdict, so nothing falls out of them.
func guarded(nr uint32, checks []bpf.Instruction) []bpf.Instruction {
	skip := bpf.JumpIf{Cond: bpf.JumpEqual, Val: nr, SkipFalse: uint8(len(checks))}
	return append([]bpf.Instruction{skip}, checks...)
}

const namespaceFlags = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER |
	unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWTIME

// noNamespaces denies clone(2) with any CLONE_NEW* flag.
var noNamespaces = []bpf.Instruction{
	bpf.LoadAbsolute{Off: argLow(0), Size: 4},
	// CLONE_NEWTIME shares its bit with the exit signal's byte in clone(2) and cannot be asked for there.
	bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: namespaceFlags &^ unix.CLONE_NEWTIME, SkipFalse: 1},
	bpf.RetConstant{Val: fails(unix.EPERM)},
	allow,
}

// onlyThreads denies clone(2) that makes a process, too.
var onlyThreads = []bpf.Instruction{
	bpf.LoadAbsolute{Off: argLow(0), Size: 4},
	bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: namespaceFlags &^ unix.CLONE_NEWTIME, SkipTrue: 2},
	bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: unix.CLONE_THREAD, SkipFalse: 1},
	allow,
	bpf.RetConstant{Val: fails(unix.EPERM)},
}

var terminalChecks = []bpf.Instruction{
	bpf.LoadAbsolute{Off: argLow(1), Size: 4},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.TIOCSTI, SkipTrue: 1},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: tioclinux, SkipFalse: 1},
	bpf.RetConstant{Val: fails(unix.EPERM)},
	allow,
}

// tioclinux is TIOCLINUX (asm-generic/ioctls.h), which can paste on a console.
const tioclinux = 0x541c

const socketTypeMask = 0xf

// socketChecks leave UNIX, INET and INET6 (TCP and UDP only) and NETLINK_ROUTE.
var socketChecks = []bpf.Instruction{
	bpf.LoadAbsolute{Off: argLow(0), Size: 4},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_UNIX, SkipFalse: 1},
	allow,
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_NETLINK, SkipFalse: 4},
	bpf.LoadAbsolute{Off: argLow(2), Size: 4},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.NETLINK_ROUTE, SkipFalse: 1},
	allow,
	bpf.RetConstant{Val: fails(unix.EPERM)},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_INET, SkipTrue: 2},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_INET6, SkipTrue: 1},
	bpf.RetConstant{Val: fails(unix.EPERM)},
	bpf.LoadAbsolute{Off: argLow(1), Size: 4},
	bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: socketTypeMask},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.SOCK_STREAM, SkipFalse: 4},
	bpf.LoadAbsolute{Off: argLow(2), Size: 4},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipTrue: 8},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.IPPROTO_TCP, SkipTrue: 7},
	bpf.RetConstant{Val: fails(unix.EPROTONOSUPPORT)},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.SOCK_DGRAM, SkipFalse: 4},
	bpf.LoadAbsolute{Off: argLow(2), Size: 4},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipTrue: 3},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.IPPROTO_UDP, SkipTrue: 2},
	bpf.RetConstant{Val: fails(unix.EPROTONOSUPPORT)},
	bpf.RetConstant{Val: fails(unix.EPERM)}, // raw sockets and kinds nobody needs
	allow,
}

var socketpairChecks = []bpf.Instruction{
	bpf.LoadAbsolute{Off: argLow(0), Size: 4},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_UNIX, SkipFalse: 1},
	allow,
	bpf.RetConstant{Val: fails(unix.EPERM)},
}
