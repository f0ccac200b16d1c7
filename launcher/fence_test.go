package main

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write golden files anew")

const goldenFence = "fence.golden.nft"

// P30: nothing that a policy, a pod or an image says is part of it.
func TestP30TheFenceIsTheGoldenRuleset(t *testing.T) {
	if *update {
		writeFile(t, goldenFence, renderFence(), 0o644)
	}
	golden, err := os.ReadFile(goldenFence)
	if err != nil {
		t.Fatal(err)
	}
	if string(golden) != renderFence() {
		t.Fatalf("renderFence() differs from %s; read every line of the change, then: go test -run Golden -update .", goldenFence)
	}
}

func TestReadingBackComparesEveryRuleInOrder(t *testing.T) {
	good := renderFence()
	if err := checkListing(good); err != nil {
		t.Fatalf("its own rendering: %v", err)
	}
	relaxed := strings.NewReplacer("0x539", "0x00000539", "{ 15001, 15021, 15053 }", "{ 15053, 15001, 15021 }", "    ", "\t\t").Replace(good)
	if err := checkListing(relaxed); err != nil {
		t.Fatalf("printed otherwise: %v", err)
	}
	for name, change := range map[string]func(string) string{
		"a policy that accepts": func(s string) string { return strings.Replace(s, "policy drop", "policy accept", 1) },
		"another mark":          func(s string) string { return strings.Replace(s, "0x539", "0x53a", 1) },
		"another uid":           func(s string) string { return strings.Replace(s, "skuid 1337", "skuid 1000", 1) },
		"a rule too few":        func(s string) string { return strings.Replace(s, "    meta skuid >= 0 counter reject\n", "", 1) },
		"a rule too many": func(s string) string {
			return strings.Replace(s, "    oifname \"lo\" accept\n", "    oifname \"lo\" accept\n    accept\n", 1)
		},
		"the mark accepted before the owner test": acceptMarkFirst,
		"nothing": func(string) string { return "" },
	} {
		changed := change(good)
		if changed == good {
			t.Fatalf("%s: the change changed nothing", name)
		}
		if checkListing(changed) == nil {
			t.Errorf("%s was not noticed", name)
		}
	}
}

const markRule = "    ct mark 0x539 ct state established,related accept\n"

// acceptMarkFirst is the trap: with it, whoever reuses the port of a reset sidecar connection gets out.
func acceptMarkFirst(fence string) string {
	lines := strings.SplitAfter(strings.Replace(fence, markRule, "", 1), "\n")
	at := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, "ct mark set") })
	return strings.Join(slices.Insert(lines, at+1, markRule), "")
}
