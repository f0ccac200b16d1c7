package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// client works until stop says so and adds what it has done to count.
type client func(way way, stop func() bool, count *atomic.Int64) error

type result struct {
	// Connections, messages or bytes.
	Count   int64   `json:"count"`
	Seconds float64 `json:"seconds"`
	Errors  int64   `json:"errors"`
	Error   string  `json:"error,omitempty"`
}

func measure(way way, one client, workers int, length time.Duration) result {
	var count, errors atomic.Int64
	var first atomic.Value
	var group sync.WaitGroup
	start := time.Now()
	stop := func() bool { return time.Since(start) >= length }
	for range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for !stop() {
				if err := one(way, stop, &count); err != nil {
					errors.Add(1)
					first.CompareAndSwap(nil, err.Error())
					time.Sleep(10 * time.Millisecond)
				}
			}
		}()
	}
	group.Wait()
	message, _ := first.Load().(string)
	return result{Count: count.Load(), Seconds: time.Since(start).Seconds(), Errors: errors.Load(), Error: message}
}

// connectOnce is a connection that carries one byte there and back. A reset ends it, so that ports do not run out.
func connectOnce(way way, _ func() bool, count *atomic.Int64) error {
	connection, err := openEcho(way)
	if err != nil {
		return err
	}
	defer reset(connection)
	count.Add(1)
	return nil
}

const messageBytes = 1024

func sendMessages(way way, stop func() bool, count *atomic.Int64) error {
	connection, err := openEcho(way)
	if err != nil {
		return err
	}
	defer reset(connection)
	message, answer := make([]byte, messageBytes), make([]byte, messageBytes)
	for !stop() {
		if err := exchange(connection, message, answer); err != nil {
			return err
		}
		count.Add(1)
	}
	return nil
}

func pullBytes(way way, stop func() bool, count *atomic.Int64) error {
	connection, err := way.dial()
	if err != nil {
		return err
	}
	defer reset(connection)
	ask := binary.BigEndian.AppendUint64([]byte{stream}, 1<<50)
	if _, err := connection.Write(ask); err != nil {
		return err
	}
	buffer := make([]byte, 256*1024)
	for !stop() {
		read, err := connection.Read(buffer)
		if err != nil {
			return err
		}
		count.Add(int64(read))
	}
	return nil
}

// hold opens tunnels that each have carried a byte, says so, and keeps them until its input ends.
func hold(way way, tunnels int) error {
	held := make([]net.Conn, 0, tunnels)
	for len(held) < tunnels {
		connection, err := openEcho(way)
		if err != nil {
			return fmt.Errorf("after %d tunnels: %w", len(held), err)
		}
		connection.SetDeadline(time.Time{})
		held = append(held, connection)
	}
	fmt.Printf("held %d\n", len(held))
	io.Copy(io.Discard, os.Stdin)
	return nil
}

// openEcho is a connection that has carried one byte there and back: the whole way stands.
func openEcho(way way) (net.Conn, error) {
	connection, err := way.dial()
	if err != nil {
		return nil, err
	}
	if err := exchange(connection, []byte{echo, 'x'}, make([]byte, 1)); err != nil {
		reset(connection)
		return nil, err
	}
	return connection, nil
}

func exchange(connection net.Conn, message, answer []byte) error {
	connection.SetDeadline(time.Now().Add(patience))
	if _, err := connection.Write(message); err != nil {
		return err
	}
	_, err := io.ReadFull(connection, answer)
	return err
}

func reset(connection net.Conn) {
	if tcp, ok := connection.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	connection.Close()
}
