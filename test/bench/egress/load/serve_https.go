package main

import (
	"bytes"
	"net/http"
)

const answerBytes = 1024

// serveHTTPS answers every request, over HTTP/1.1 or HTTP/2, with a kilobyte.
func serveHTTPS(address, certificate, key string) error {
	body := bytes.Repeat([]byte("x"), answerBytes)
	handler := http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
		writer.Header().Set("Content-Type", "text/plain")
		writer.Write(body)
	})
	println("serving")
	return http.ListenAndServeTLS(address, certificate, key, handler)
}
