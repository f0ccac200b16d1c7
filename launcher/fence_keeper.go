package main

import "time"

// fenceKeeper puts the fence back when somebody has touched it, and remembers that it did.
type fenceKeeper struct {
	listing    string
	report     func(fenceEvent)
	log        func(message string)
	closeLinks func() error
	cut        bool
}

const (
	reinstallRetry = 200 * time.Millisecond
	// After so many failures the pod loses its network rather than its fence.
	reinstallTries = 5
)

// check compares, and repairs until the fence stands again.
func (k *fenceKeeper) check() {
	for attempt := 1; ; attempt++ {
		current, err := listFence()
		if err == nil && current == k.listing {
			return
		}
		if attempt == 1 {
			k.log("the fence was changed by somebody else; installing it again")
		}
		if k.repair() == nil {
			return
		}
		if attempt == reinstallTries {
			k.cutOff()
		}
		time.Sleep(reinstallRetry)
	}
}

func (k *fenceKeeper) repair() error {
	listing, err := installFence()
	if err != nil {
		k.report(fenceEvent{"fence", "Broken", err.Error()})
		return err
	}
	k.listing = listing
	if k.cut {
		k.report(fenceEvent{"fence", "Broken", "the pod's network is down: its fence could not be kept; delete the pod to get a new one"})
	} else {
		k.report(fenceEvent{"fence", "Reinstalled", "somebody else had changed the fence of this pod"})
	}
	return nil
}

// cutOff takes the pod's interfaces down: without a fence the agent could reach anything.
func (k *fenceKeeper) cutOff() {
	k.cut = true
	k.log("the fence cannot be installed again; taking the pod's network down")
	if err := k.closeLinks(); err != nil {
		k.log("the pod's network could not be taken down: " + err.Error())
	}
}
