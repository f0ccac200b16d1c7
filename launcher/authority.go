package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	authorityLifetime = 5 * 365 * 24 * time.Hour
	leafLifetime      = 24 * time.Hour
	// leafSlack: leaves are valid from before now, for clocks that lag.
	leafSlack = time.Hour
	maxLeaves = 512
)

// authority is the sandbox's own CA. Its key stays in the guard and in a file that only root reads, on a tmpfs that only
// the sidecar container has; the proxy gets leaves.
type authority struct {
	cert    *x509.Certificate
	certPEM []byte
	key     *ecdsa.PrivateKey

	mu     sync.Mutex
	leaves map[string]leaf
}

type leaf struct {
	certPEM, keyPEM string
	notAfter        time.Time
}

// openAuthority takes the CA a previous sidecar of this pod made, or makes one: agents keep trusting it across restarts.
func openAuthority(dir string, now time.Time) (*authority, error) {
	// The proxy keeps its own files in this folder; sticky, so that it cannot move ours away.
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		return nil, err
	}
	own := filepath.Join(dir, "guard")
	if err := os.Mkdir(own, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	certFile, keyFile := filepath.Join(own, "ca.crt"), filepath.Join(own, "ca.key")
	if a, err := loadAuthority(certFile, keyFile, now); err == nil {
		return a, nil
	}
	a, keyPEM, err := makeAuthority(now)
	if err != nil {
		return nil, err
	}
	// The key first: a certificate without its key is not loaded.
	if err := writeAtomically(keyFile, bytes.NewReader(keyPEM), 0o400); err != nil {
		return nil, err
	}
	return a, writeAtomically(certFile, bytes.NewReader(a.certPEM), 0o400)
}

func loadAuthority(certFile, keyFile string, now time.Time) (*authority, error) {
	certPEM, err := os.ReadFile(certFile)
	if err != nil {
		return nil, err
	}
	keyPEM, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, err
	}
	certBlock, _ := pem.Decode(certPEM)
	keyBlock, _ := pem.Decode(keyPEM)
	if certBlock == nil || keyBlock == nil {
		return nil, errors.New("not PEM")
	}
	cert, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParseECPrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(cert.PublicKey) || now.After(cert.NotAfter.Add(-leafLifetime)) {
		return nil, errors.New("expired, or not one pair")
	}
	return &authority{cert: cert, certPEM: certPEM, key: key, leaves: map[string]leaf{}}, nil
}

func makeAuthority(now time.Time) (*authority, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: "Creel sandbox CA"},
		NotBefore:             now.Add(-leafSlack),
		NotAfter:              now.Add(authorityLifetime),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	keyPEM, err := keyToPEM(key)
	return &authority{cert: cert, certPEM: certToPEM(der), key: key, leaves: map[string]leaf{}}, keyPEM, err
}

// leafFor is a certificate for one name or address, cached until it has an hour left.
func (a *authority) leafFor(host string, now time.Time) (leaf, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known, ok := a.leaves[host]; ok && now.Before(known.notAfter.Add(-leafSlack)) {
		return known, nil
	}
	made, err := a.issue(host, now)
	if err != nil {
		return leaf{}, err
	}
	if len(a.leaves) >= maxLeaves {
		clear(a.leaves)
	}
	a.leaves[host] = made
	return made, nil
}

func (a *authority) issue(host string, now time.Time) (leaf, error) {
	if host == "" || len(host) > 253 {
		return leaf{}, fmt.Errorf("%d characters are no host name", len(host))
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return leaf{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		NotBefore:    now.Add(-leafSlack),
		NotAfter:     now.Add(leafLifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return leaf{}, err
	}
	keyPEM, err := keyToPEM(key)
	return leaf{string(certToPEM(der)), string(keyPEM), template.NotAfter}, err
}

func serial() *big.Int {
	number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // no randomness: nothing here may go on
	}
	return number
}

func certToPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func keyToPEM(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), err
}
