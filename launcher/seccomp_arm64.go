package main

import "golang.org/x/sys/unix"

const (
	nativeArch = unix.AUDIT_ARCH_AARCH64
	x32Bit     = 0
)

var deniedOnArch []uint32

// processesOnArch: arm64 has clone(2) only.
var processesOnArch []uint32
