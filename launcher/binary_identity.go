package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// binaryIdentity is what approvals and rules name: protocol/session.ts BinaryIdentity.
type binaryIdentity struct {
	Path      string   `json:"path"`
	SHA256    string   `json:"sha256"`
	Ancestors []string `json:"ancestors"`
}

const (
	maxAncestors = 8
	// A larger executable is not hashed, so no approval of scope Binary can name it.
	maxBinaryBytes  = 512 << 20
	maxCachedHashes = 256
)

var errUnreadable = errors.New("unreadable")

type fileKey struct {
	dev, ino     uint64
	size         int64
	mtime, ctime unix.Timespec
}

// hashCache remembers the content hash of executables by identity and change time of the file.
type hashCache map[fileKey]string

// describe reads who a process is. It must run on a thread that may read the agent's /proc (becomeAgentReader).
func (cache hashCache) describe(pid int) (binaryIdentity, error) {
	exe := filepath.Join("/proc", strconv.Itoa(pid), "exe")
	path, err := os.Readlink(exe)
	if err != nil || strings.HasSuffix(path, " (deleted)") {
		return binaryIdentity{}, errUnreadable
	}
	sum, err := cache.hash(exe)
	if err != nil {
		return binaryIdentity{}, errUnreadable
	}
	return binaryIdentity{Path: path, SHA256: sum, Ancestors: ancestorsOf(pid)}, nil
}

func (cache hashCache) hash(exe string) (string, error) {
	file, err := os.Open(exe)
	if err != nil {
		return "", err
	}
	defer file.Close()
	var stat unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &stat); err != nil {
		return "", err
	}
	key := fileKey{stat.Dev, stat.Ino, stat.Size, stat.Mtim, stat.Ctim}
	if sum, ok := cache[key]; ok {
		return sum, nil
	}
	if stat.Size > maxBinaryBytes {
		return "", errUnreadable
	}
	digest := sha256.New()
	if _, err := io.Copy(digest, io.LimitReader(file, maxBinaryBytes)); err != nil {
		return "", err
	}
	sum := hex.EncodeToString(digest.Sum(nil))
	if len(cache) >= maxCachedHashes {
		clear(cache)
	}
	cache[key] = sum
	return sum, nil
}

// ancestorsOf lists the executables of the parents, nearest first, up to the container's first process.
func ancestorsOf(pid int) []string {
	ancestors := []string{}
	for range maxAncestors {
		pid = parentOf(pid)
		if pid <= 1 {
			break
		}
		path, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "exe"))
		if err != nil {
			break
		}
		ancestors = append(ancestors, path)
	}
	return ancestors
}

func parentOf(pid int) int {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	// The command in parentheses may hold anything; the fields begin behind the last one.
	_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return 0
	}
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0
	}
	return parent
}
