package main

import (
	"slices"

	"github.com/cloudnativelabs/kube-router/v2/pkg/utils"
	core "k8s.io/api/core/v1"
)

// ownFamilySets keeps a handler to the sets of its own address family. kube-router 2.1 has one handler for each family, and
// each saves and restores the sets of both: whichever restores last puts the other's back as they were before, and a pod
// that has just got its address is cut off until the next full sync.
type ownFamilySets struct {
	utils.IPSetHandler
	family string
}

func keepToOwnFamily(handlers map[core.IPFamily]utils.IPSetHandler) {
	families := map[core.IPFamily]string{core.IPv4Protocol: "inet", core.IPv6Protocol: "inet6"}
	for family, handler := range handlers {
		handlers[family] = ownFamilySets{handler, families[family]}
	}
}

// Save reads the kernel's sets and forgets the other family's. Options are as ipset prints them: `hash:ip family inet …`.
func (h ownFamilySets) Save() error {
	if err := h.IPSetHandler.Save(); err != nil {
		return err
	}
	sets := h.Sets()
	for name, set := range sets {
		if !slices.Contains(set.Options, h.family) {
			delete(sets, name)
		}
	}
	return nil
}
