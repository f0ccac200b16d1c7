package main

import (
	"fmt"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

const (
	// landlockWanted is the ABI that closes everything we ask for: device ioctls came with 5 (Linux 6.10).
	landlockWanted = 5
	// landlockCreateVersion: landlock_create_ruleset(NULL, 0, VERSION) answers the kernel's ABI.
	landlockCreateVersion = 1
)

// landlockABI is the kernel's Landlock version, 0 where it has none.
func landlockABI() int {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, landlockCreateVersion)
	if errno != 0 {
		return 0
	}
	return int(abi)
}

// restrictFiles leaves this process and its children everything readable, and writable only the given folders, scratch
// memory and the few devices every program needs. It returns the layers this node lacks.
func restrictFiles(writable []string, required bool) (missing []string, err error) {
	abi := landlockABI()
	if abi < landlockWanted {
		missing = append(missing, fmt.Sprintf("Landlock ABI %d of %d", abi, landlockWanted))
		if required {
			return missing, fmt.Errorf("this node's Landlock ABI is %d, and filesystem.landlock: Required needs %d (Linux 6.10); use BestEffort or another node", abi, landlockWanted)
		}
	}
	config := landlock.V5
	if !required {
		config = config.BestEffort()
	}
	return missing, config.RestrictPaths(pathRules(writable)...)
}

func pathRules(writable []string) []landlock.Rule {
	rules := []landlock.Rule{landlock.RODirs("/")}
	for _, dir := range existing(writable) {
		rules = append(rules, landlock.RWDirs(dir).WithRefer())
	}
	for _, device := range existing([]string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}) {
		rules = append(rules, landlock.RWFiles(device))
	}
	for _, terminal := range existing([]string{"/dev/tty", "/dev/ptmx"}) {
		rules = append(rules, landlock.RWFiles(terminal).WithIoctlDev())
	}
	for _, dir := range existing([]string{"/dev/pts"}) {
		rules = append(rules, landlock.RWDirs(dir).WithIoctlDev())
	}
	return rules
}

// existing keeps what is there: a rule needs a file to hold on to, and what does not exist cannot be written either, because
// its parent is read-only.
func existing(paths []string) []string {
	var found []string
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil {
			found = append(found, path)
		}
	}
	return found
}
