package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestALinkPlantedInTheSharedVolumeIsReplacedAndNotFollowed(t *testing.T) {
	for _, planted := range []string{"ca.crt", "ca.crt.new", "ca-bundle.crt", "launcher", "launcher.new"} {
		dir := t.TempDir()
		victim := filepath.Join(t.TempDir(), "victim")
		roots := filepath.Join(t.TempDir(), "roots")
		writeFile(t, victim, "untouched", 0o644)
		writeFile(t, roots, "# roots\n", 0o644)
		if err := os.Symlink(victim, filepath.Join(dir, planted)); err != nil {
			t.Fatal(err)
		}
		if err := publishShared(dir, roots, filepath.Join(dir, "no-extra"), []byte("# sandbox\n")); err != nil {
			t.Fatalf("%s: %v", planted, err)
		}
		if content, _ := os.ReadFile(victim); string(content) != "untouched" {
			t.Errorf("%s was followed", planted)
		}
		bundle, err := os.ReadFile(filepath.Join(dir, "ca-bundle.crt"))
		if err != nil || !bytes.Equal(bundle, []byte("# roots\n# sandbox\n")) {
			t.Errorf("%s: bundle %q %v", planted, bundle, err)
		}
		if stat, err := os.Lstat(filepath.Join(dir, "launcher")); err != nil || !stat.Mode().IsRegular() || stat.Mode().Perm() != 0o555 {
			t.Errorf("%s: launcher %v %v", planted, stat, err)
		}
		if left, _ := filepath.Glob(dir + "/*.new"); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestMissingRootsAreAnErrorAndMissingExtraRootsAreNot(t *testing.T) {
	dir := t.TempDir()
	if err := publishShared(dir, filepath.Join(dir, "none"), filepath.Join(dir, "none"), nil); err == nil {
		t.Error("a bundle without public roots would be taken for complete")
	}
}
