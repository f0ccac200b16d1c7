package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// disguise is one way to look like a program that one is not: the guard must name what runs, or nobody.
type disguise struct {
	name string
	// start runs a copy of ours under the disguise; wanted is the path to be named, "" for nobody.
	start func(t *testing.T, program, server string) (holding *holder, wanted string)
}

// asPython holds a connection as holdConnection does.
func asPython(server string) []string {
	host, port, _ := strings.Cut(server, ":")
	script := fmt.Sprintf(`import socket, sys
s = socket.create_connection(('%s', %s))
print(*('%%s:%%d' %% end for end in (s.getsockname(), s.getpeername())), flush=True)
sys.stdin.read()`, host, port)
	return []string{"/usr/bin/python3", "-c", script}
}

func asAgent(args ...string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.SysProcAttr = programAs(AgentUID).SysProcAttr
	return cmd
}

func beside(program, name string) string { return filepath.Join(filepath.Dir(program), name) }

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const fromMemoryScript = `import os, sys
fd = os.memfd_create('git', 0)
os.write(fd, open(sys.argv[1], 'rb').read())
os.execve(fd, ['git', 'hold-connection', 'tcp', sys.argv[2], ''], os.environ)`

var disguises = []disguise{
	{"B01 a borrowed argv", func(t *testing.T, program, server string) (*holder, string) {
		cmd := programAs(AgentUID, "hold-connection", "tcp", server, "")
		cmd.Path, cmd.Args[0] = program, "/usr/bin/git"
		return startCommand(t, cmd), program
	}},
	{"B02 a hard link of another name", func(t *testing.T, program, server string) (*holder, string) {
		link := beside(program, "git")
		noError(t, os.Link(program, link))
		return startHolder(t, AgentUID, link, "tcp", server, ""), link
	}},
	{"B06 the dynamic loader", func(t *testing.T, _, server string) (*holder, string) {
		found, _ := filepath.Glob("/lib*/ld-linux-*.so.*")
		if len(found) == 0 {
			t.Skip("no dynamic loader under /lib* here")
		}
		loader, err := filepath.EvalSymlinks(found[0])
		noError(t, err)
		return startCommand(t, asAgent(append([]string{loader}, asPython(server)...)...)), loader
	}},
	{"B07 a name that looks deleted", func(t *testing.T, program, server string) (*holder, string) {
		named := beside(program, "git (deleted)")
		noError(t, os.Rename(program, named))
		return startHolder(t, AgentUID, named, "tcp", server, ""), ""
	}},
	{"B07 unlinked while it runs", func(t *testing.T, program, server string) (*holder, string) {
		holding := startHolder(t, AgentUID, program, "tcp", server, "")
		noError(t, os.Remove(program))
		return holding, ""
	}},
	{"B08 a symbolic link, swapped afterwards", func(t *testing.T, program, server string) (*holder, string) {
		link := beside(program, "git")
		noError(t, os.Symlink(program, link))
		holding := startHolder(t, AgentUID, link, "tcp", server, "")
		noError(t, os.Remove(link))
		noError(t, os.Symlink("/usr/bin/env", link))
		return holding, program
	}},
	{"B13 a program in memory", func(t *testing.T, program, server string) (*holder, string) {
		return startCommand(t, asAgent("/usr/bin/python3", "-c", fromMemoryScript, program, server)), ""
	}},
	{"B19 a path with a new line, an escape, quotes and a turn of direction", func(t *testing.T, program, server string) (*holder, string) {
		odd := beside(program, "git\n\x1b[2K\"$(id)\u202e")
		noError(t, os.Rename(program, odd))
		return startHolder(t, AgentUID, odd, "tcp", server, ""), odd
	}},
}

func TestB01B02B06B07B08B13B19ADisguiseIsSeenThroughOrNobodyIsNamed(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		g := startGuard(t)
		server := mustListen(t, "tcp4", "127.0.0.1:0")
		for _, d := range disguises {
			t.Run(d.name, func(t *testing.T) {
				holding, wanted := d.start(t, copyBinary(t), server)
				defer holding.end()
				answer := g.ask(t, guardRequest{ID: 7, Op: "identify", Network: "tcp", Local: holding.local, Remote: holding.remote})
				if wanted == "" && answer.OK {
					t.Errorf("named %q", answer.Binary.Path)
				}
				if wanted != "" && (!answer.OK || answer.Binary.Path != wanted || answer.Binary.SHA256 != hashOf(t, wanted)) {
					t.Errorf("%+v %+v, want %q", answer, answer.Binary, wanted)
				}
			})
		}
	})
}

func TestB03ABinaryThatWasChangedInPlaceHasAnotherHash(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		g := startGuard(t)
		server, program := mustListen(t, "tcp4", "127.0.0.1:0"), copyBinary(t)
		hash := func() string {
			holding := startHolder(t, AgentUID, program, "tcp", server, "")
			defer holding.end()
			answer := g.ask(t, guardRequest{ID: 7, Op: "identify", Network: "tcp", Local: holding.local, Remote: holding.remote})
			if !answer.OK {
				t.Fatalf("%+v", answer)
			}
			return answer.Binary.SHA256
		}
		var stat, tampered unix.Stat_t
		before := hash()
		noError(t, unix.Stat(program, &stat))
		content, err := os.ReadFile(program)
		noError(t, err)
		file, err := os.OpenFile(program, os.O_WRONLY, 0)
		noError(t, err)
		// The last byte is of a table that nobody loads.
		_, err = file.WriteAt([]byte{content[len(content)-1] ^ 1}, int64(len(content)-1))
		noError(t, err)
		noError(t, file.Close())
		noError(t, unix.UtimesNanoAt(unix.AT_FDCWD, program, []unix.Timespec{stat.Atim, stat.Mtim}, 0))
		noError(t, unix.Stat(program, &tampered))
		if tampered.Ino != stat.Ino || tampered.Size != stat.Size || tampered.Mtim != stat.Mtim {
			t.Fatal("the change shows by more than the hash: the test proves nothing")
		}
		if now := hash(); now == before || now != hashOf(t, program) {
			t.Errorf("%s before, %s now", before, now)
		}
	})
}
