package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// requester sends request after request on a connection it keeps; over HTTP/2 all workers share one.
func requester(to way, name, caFile string, overHTTP2 bool) (client, error) {
	roots, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(roots) {
		return nil, fmt.Errorf("%s holds no certificate", caFile)
	}
	newTransport := func() *http.Transport {
		return &http.Transport{
			DialContext: func(context.Context, string, string) (net.Conn, error) {
				connection, err := to.dial()
				if err == nil {
					connection.SetDeadline(time.Time{})
				}
				return connection, err
			},
			TLSClientConfig:   &tls.Config{RootCAs: pool},
			ForceAttemptHTTP2: overHTTP2,
			MaxConnsPerHost:   1,
		}
	}
	shared := newTransport()
	return func(_ way, stop func() bool, count *atomic.Int64) error {
		transport := shared
		if !overHTTP2 {
			transport = newTransport()
			defer transport.CloseIdleConnections()
		}
		for !stop() {
			if err := requestOnce(transport, "https://"+name+"/v1/things"); err != nil {
				return err
			}
			count.Add(1)
		}
		return nil
	}, nil
}

func requestOnce(transport *http.Transport, url string) error {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s for %s", answer.Status, url)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}
