package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// trustVariables make the usual clients trust the sandbox's CA beside the public roots.
var trustVariables = []string{
	"NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT", "AWS_CA_BUNDLE",
	"DENO_CERT", "CARGO_HTTP_CAINFO", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "NIX_SSL_CERT_FILE",
}

// setEnvironment adds what images cannot know; what the user has set stays, but a home that cannot be written to.
func setEnvironment(writable []string) {
	for _, name := range trustVariables {
		if os.Getenv(name) == "" {
			os.Setenv(name, SharedDir+"/ca-bundle.crt")
		}
	}
	home := filepath.Clean(os.Getenv("HOME"))
	inside := func(dir string) bool { return home == dir || strings.HasPrefix(home, dir+"/") }
	if !slices.ContainsFunc(writable, inside) {
		os.Setenv("HOME", writable[0])
	}
}
