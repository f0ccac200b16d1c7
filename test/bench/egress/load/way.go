package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"time"
)

// way leads to the server: directly (and so through whatever captures it), or by CONNECT through a proxy.
type way struct {
	target string
	proxy  string
	// Where something listens that carries on to the target; empty: the target itself.
	address string
}

// resolved asks for the name once, as a client that keeps what it was told does: a proxy keeps it too.
func (w way) resolved() (way, error) {
	if w.proxy != "" || w.address != "" {
		return w, nil
	}
	address, err := net.ResolveTCPAddr("tcp4", w.target)
	if err != nil {
		return w, err
	}
	return way{target: address.String()}, nil
}

const patience = 20 * time.Second

func (w way) dial() (net.Conn, error) {
	first := w.target
	if w.address != "" {
		first = w.address
	}
	if w.proxy != "" {
		first = w.proxy
	}
	connection, err := net.DialTimeout("tcp4", first, patience)
	if err != nil {
		return nil, err
	}
	connection.SetDeadline(time.Now().Add(patience))
	if w.proxy == "" {
		return connection, nil
	}
	if err := w.ask(connection); err != nil {
		connection.Close()
		return nil, err
	}
	return connection, nil
}

func (w way) ask(connection net.Conn) error {
	if _, err := fmt.Fprintf(connection, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", w.target, w.target); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReaderSize(connection, 4096), &http.Request{Method: http.MethodConnect})
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s for CONNECT %s", answer.Status, w.target)
	}
	return nil
}
