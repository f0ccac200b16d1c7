package main

// What pod, sidecar, launcher and operator must agree on byte for byte: protocol/constants.ts says the same, and
// test/safety compares the two.
const (
	SidecarUID = 1337
	SidecarGID = 1337
	AgentUID   = 1000
	AgentGID   = 1000

	TransparentPort = 15001
	DNSPort         = 15053
	HealthPort      = 15021
	// SidecarMark is the conntrack mark of every connection the sidecar's uid opened.
	SidecarMark = 0x539

	// AttestationAddress (TEST-NET-1, RFC 5737) is answered by a working capture and by nothing else.
	AttestationAddress = "192.0.2.1"
	AttestationPort    = 4711

	SharedDir  = "/creel"
	PrivateDir = "/run/creel"
	TokenFile  = "/var/run/secrets/creel.dev/hub/token"
	PodInfoDir = "/etc/creel/podinfo"

	// WritableVariable holds, joined by colons, the folders of the Sandbox that stay writable; the operator always sets it.
	WritableVariable = "CREEL_WRITABLE"
)
