package main

import "golang.org/x/sys/unix"

const (
	nativeArch = unix.AUDIT_ARCH_X86_64
	// x32Bit marks the x32 ABI's numbers, which reach the same kernel functions under other numbers.
	x32Bit = 0x40000000
)

var deniedOnArch = []uint32{
	unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_MODIFY_LDT, unix.SYS_UMOUNT2, unix.SYS_USELIB, unix.SYS__SYSCTL, unix.SYS_USTAT, unix.SYS_SYSFS,
	unix.SYS_CREATE_MODULE, unix.SYS_GET_KERNEL_SYMS, unix.SYS_QUERY_MODULE,
}

// processesOnArch are the calls older than clone(2) that make a process.
var processesOnArch = []uint32{unix.SYS_FORK, unix.SYS_VFORK}
