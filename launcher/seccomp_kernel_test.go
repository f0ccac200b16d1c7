package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// refusedCalls are the calls the catalogue of attacks names. Their arguments are all -1 unless given: as root and without a filter
// each fails with something else than EPERM, and does nothing.
var refusedCalls = map[string][]uintptr{
	"io_uring_setup": {unix.SYS_IO_URING_SETUP}, "io_uring_enter": {unix.SYS_IO_URING_ENTER}, "io_uring_register": {unix.SYS_IO_URING_REGISTER},
	"userfaultfd": {unix.SYS_USERFAULTFD}, "bpf": {unix.SYS_BPF}, "perf_event_open": {unix.SYS_PERF_EVENT_OPEN},
	"keyctl": {unix.SYS_KEYCTL}, "add_key": {unix.SYS_ADD_KEY}, "request_key": {unix.SYS_REQUEST_KEY},
	"mount": {unix.SYS_MOUNT}, "umount2": {unix.SYS_UMOUNT2}, "pivot_root": {unix.SYS_PIVOT_ROOT}, "chroot": {unix.SYS_CHROOT},
	"fsopen": {unix.SYS_FSOPEN}, "fsconfig": {unix.SYS_FSCONFIG}, "fsmount": {unix.SYS_FSMOUNT}, "fspick": {unix.SYS_FSPICK},
	"move_mount": {unix.SYS_MOVE_MOUNT}, "open_tree": {unix.SYS_OPEN_TREE}, "mount_setattr": {unix.SYS_MOUNT_SETATTR},
	"setns": {unix.SYS_SETNS}, "unshare": {unix.SYS_UNSHARE, ^uintptr(0)}, "clone with a user namespace": {unix.SYS_CLONE, unix.CLONE_NEWUSER | unix.CLONE_FS},
	"clone with a network namespace": {unix.SYS_CLONE, unix.CLONE_NEWNET | unix.CLONE_THREAD}, "ptrace": {unix.SYS_PTRACE},
	"process_vm_readv": {unix.SYS_PROCESS_VM_READV}, "process_vm_writev": {unix.SYS_PROCESS_VM_WRITEV}, "process_madvise": {unix.SYS_PROCESS_MADVISE},
	"pidfd_getfd": {unix.SYS_PIDFD_GETFD}, "kcmp": {unix.SYS_KCMP},
	"open_by_handle_at": {unix.SYS_OPEN_BY_HANDLE_AT}, "name_to_handle_at": {unix.SYS_NAME_TO_HANDLE_AT},
	"kexec_load": {unix.SYS_KEXEC_LOAD}, "kexec_file_load": {unix.SYS_KEXEC_FILE_LOAD}, "init_module": {unix.SYS_INIT_MODULE},
	"finit_module": {unix.SYS_FINIT_MODULE}, "delete_module": {unix.SYS_DELETE_MODULE}, "reboot": {unix.SYS_REBOOT}, "swapon": {unix.SYS_SWAPON},
	"swapoff": {unix.SYS_SWAPOFF}, "acct": {unix.SYS_ACCT}, "settimeofday": {unix.SYS_SETTIMEOFDAY}, "clock_settime": {unix.SYS_CLOCK_SETTIME},
	"clock_adjtime": {unix.SYS_CLOCK_ADJTIME}, "adjtimex": {unix.SYS_ADJTIMEX}, "syslog": {unix.SYS_SYSLOG}, "quotactl": {unix.SYS_QUOTACTL},
	"quotactl_fd": {unix.SYS_QUOTACTL_FD}, "personality": {unix.SYS_PERSONALITY, 0xffffffff}, "memfd_secret": {unix.SYS_MEMFD_SECRET},
	"fanotify_init": {unix.SYS_FANOTIFY_INIT}, "sethostname": {unix.SYS_SETHOSTNAME}, "setdomainname": {unix.SYS_SETDOMAINNAME},
	"ioctl TIOCSTI": {unix.SYS_IOCTL, ^uintptr(0), unix.TIOCSTI}, "ioctl TIOCLINUX": {unix.SYS_IOCTL, ^uintptr(0), 0x541c},
}

// underFilter loads one of the filters as root and then tries what follows: a program's own kinds of trial.
func underFilter(args []string) error {
	filters := map[string]func() filter{"agent": agentFilter, "guard": guardFilter, "proxy": proxyFilter}
	if make, ok := filters[args[0]]; ok {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return err
		}
		if err := loadFilter(make()); err != nil {
			return err
		}
	}
	trials := map[string]func(args []string) any{"calls": tryCalls, "sockets": trySockets, "foreign": tryForeign, "process": tryProcess}
	return json.NewEncoder(os.Stdout).Encode(trials[args[1]](args[2:]))
}

func tryCalls([]string) any {
	results := map[string]string{}
	for name, call := range refusedCalls {
		a := [7]uintptr{0, ^uintptr(0), ^uintptr(0), ^uintptr(0), ^uintptr(0), ^uintptr(0), ^uintptr(0)}
		copy(a[:], call)
		_, _, errno := unix.RawSyscall6(a[0], a[1], a[2], a[3], a[4], a[5], a[6])
		results[name] = strconv.Itoa(int(errno))
	}
	_, _, errno := unix.RawSyscall(unix.SYS_CLONE3, 0, 0, 0)
	results["clone3"] = strconv.Itoa(int(errno))
	return results
}

// trySockets says which families, and which type and protocol of the internet families, can be had.
func trySockets([]string) any {
	open := []string{}
	try := func(family, kind, protocol int) bool {
		fd, err := unix.Socket(family, kind, protocol)
		if err == nil {
			unix.Close(fd)
		}
		return err == nil
	}
	for family := range 47 {
		for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_RAW, unix.SOCK_SEQPACKET} {
			for protocol := range 23 {
				if family != unix.AF_INET && family != unix.AF_INET6 && try(family, kind, protocol) {
					open = append(open, fmt.Sprintf("family %d protocol %d", family, protocol))
				}
			}
		}
	}
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		for kind := 1; kind <= 10; kind++ {
			for protocol := range 263 {
				if try(family, kind, protocol) {
					open = append(open, fmt.Sprintf("inet type %d protocol %d", kind, protocol))
				}
			}
		}
	}
	return open
}

// tryForeign makes one system call by another ABI's entry or number.
func tryForeign(args []string) any {
	switch args[0] {
	case "ia32":
		// mov eax, 20 (getpid in ia32); int 0x80; ret
		return callMachineCode([]byte{0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3})
	case "x32":
		_, _, errno := unix.RawSyscall(0x40000000+unix.SYS_GETPID, 0, 0, 0)
		return errno.Error()
	case "minus one":
		_, _, errno := unix.RawSyscall(^uintptr(0), 0, 0, 0)
		return errno.Error()
	}
	return "unknown"
}

func callMachineCode(code []byte) string {
	page, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err.Error()
	}
	copy(page, code)
	entry := unsafe.Pointer(&page[0])
	closure := unsafe.Pointer(&entry)
	(*(*func())(unsafe.Pointer(&closure)))()
	return "came back"
}

func tryProcess([]string) any {
	return fmt.Sprint(exec.Command("/bin/true").Run())
}

func trial[T any](t *testing.T, filter string, args ...string) T {
	t.Helper()
	var result T
	cmd := exec.Command("/proc/self/exe", append([]string{"under-filter", filter}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v", filter, args, err)
	}
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatal(err)
	}
	return result
}

func errnoText(errno syscall.Errno) string { return strconv.Itoa(int(errno)) }

func TestN47B11B14TheCallsOfTheCatalogueAreRefused(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		open := trial[map[string]string](t, "none", "calls")
		agent, guard, proxy := trial[map[string]string](t, "agent", "calls"), trial[map[string]string](t, "guard", "calls"), trial[map[string]string](t, "proxy", "calls")
		for name := range open {
			refused := errnoText(unix.EPERM)
			if name == "clone3" {
				refused = errnoText(unix.ENOSYS)
			}
			if open[name] == refused {
				t.Errorf("%s fails so without a filter too, so the case proves nothing", name)
			}
			if agent[name] != refused {
				t.Errorf("agent: %s: errno %s, want %s", name, agent[name], refused)
			}
			if !strings.HasPrefix(name, "ioctl ") && guard[name] != refused {
				t.Errorf("guard: %s: errno %s, want %s", name, guard[name], refused)
			}
			if proxy[name] != refused {
				t.Errorf("proxy: %s: errno %s, want %s", name, proxy[name], refused)
			}
		}
	})
}

func TestN10N11N13N14TheAgentHasSocketsOfFourFamiliesAndTwoProtocols(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		allowed := map[string]bool{"inet type 1 protocol 0": true, "inet type 1 protocol 6": true, "inet type 2 protocol 0": true, "inet type 2 protocol 17": true}
		for protocol := range 2 {
			allowed[fmt.Sprintf("family %d protocol %d", unix.AF_UNIX, protocol)] = true
		}
		allowed[fmt.Sprintf("family %d protocol 0", unix.AF_NETLINK)] = true
		for _, filter := range []string{"agent", "proxy"} {
			for _, socket := range trial[[]string](t, filter, "sockets") {
				if !allowed[socket] {
					t.Errorf("%s: %s", filter, socket)
				}
			}
		}
		open := strings.Join(trial[[]string](t, "none", "sockets"), ", ")
		for name, want := range map[string]string{
			"MPTCP": "inet type 1 protocol 262", "UDP-Lite": "inet type 2 protocol 136", "raw": "inet type 3 protocol 255", "ICMP": "inet type 3 protocol 1",
			"packets": fmt.Sprintf("family %d ", unix.AF_PACKET), "vsock": fmt.Sprintf("family %d ", unix.AF_VSOCK), "netfilter": fmt.Sprintf("family %d protocol 12", unix.AF_NETLINK),
		} {
			if !strings.Contains(open, want) {
				t.Logf("SKIPPED: this kernel has no %s sockets, so they prove nothing", name)
			}
		}
		if !strings.Contains(open, "protocol 262") || !strings.Contains(open, "protocol 136") {
			t.Errorf("neither MPTCP nor UDP-Lite without a filter: %s", open)
		}
	})
}

func TestOtherABIsAreKilled(t *testing.T) {
	if nativeArch != uint32(unix.AUDIT_ARCH_X86_64) {
		t.Skip("SKIPPED: x86_64 only")
	}
	for _, abi := range []string{"ia32", "x32"} {
		if out, err := exec.Command("/proc/self/exe", "under-filter", "none", "foreign", abi).CombinedOutput(); err != nil {
			t.Errorf("%s without a filter: %v %s", abi, err, out)
		}
		err := exec.Command("/proc/self/exe", "under-filter", "agent", "foreign", abi).Run()
		exit, ok := err.(*exec.ExitError)
		if !ok || exit.Sys().(syscall.WaitStatus).Signal() != unix.SIGSYS {
			t.Errorf("%s under the filter: %v, want death by SIGSYS", abi, err)
		}
	}
	mustContain(t, "system call -1", trial[string](t, "agent", "foreign", "minus one"), unix.ENOSYS.Error())
}

func TestTheProxyStartsNoProcessAndTheAgentDoes(t *testing.T) {
	mustContain(t, "agent", trial[string](t, "agent", "process"), "<nil>")
	mustContain(t, "proxy", trial[string](t, "proxy", "process"), "operation not permitted")
}
