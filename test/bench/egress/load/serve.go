package main

import (
	"encoding/binary"
	"io"
	"net"
)

const (
	echo   = 'E'
	stream = 'S'
)

// serve answers a connection by its first byte: echoes the rest, or sends as many zeros as the next eight bytes say.
func serve(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	println("serving")
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go answer(connection)
	}
}

func answer(connection net.Conn) {
	defer connection.Close()
	head := make([]byte, 1)
	if _, err := io.ReadFull(connection, head); err != nil {
		return
	}
	if head[0] == stream {
		length := make([]byte, 8)
		if _, err := io.ReadFull(connection, length); err == nil {
			zeros(connection, int64(binary.BigEndian.Uint64(length)))
		}
		return
	}
	buffer := make([]byte, 32*1024)
	for {
		count, err := connection.Read(buffer)
		if err != nil {
			return
		}
		if _, err := connection.Write(buffer[:count]); err != nil {
			return
		}
	}
}

func zeros(to io.Writer, left int64) {
	piece := make([]byte, 256*1024)
	for left > 0 {
		count := min(left, int64(len(piece)))
		if _, err := to.Write(piece[:count]); err != nil {
			return
		}
		left -= count
	}
}
