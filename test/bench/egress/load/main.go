// The load of `npm run bench -- egress`: a server that echoes or streams, and clients that count what a way to it can carry.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("usage: load serve ADDRESS | serve-https ADDRESS CERTIFICATE KEY | connect|messages|pull|requests|hold FLAGS")
	}
	if args[0] == "serve" && len(args) == 2 {
		return serve(args[1])
	}
	if args[0] == "serve-https" && len(args) == 4 {
		return serveHTTPS(args[1], args[2], args[3])
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	way := way{}
	flags.StringVar(&way.target, "target", "", "host:port of the server")
	flags.StringVar(&way.proxy, "proxy", "", "address of a CONNECT proxy; empty: none")
	flags.StringVar(&way.address, "address", "", "where connections to the target go instead")
	ca := flags.String("ca", "", "requests: file of the certificates to trust")
	overHTTP2 := flags.Bool("http2", false, "requests: over HTTP/2")
	workers := flags.Int("workers", 16, "clients at once")
	length := flags.Duration("for", 3*time.Second, "how long")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	name := way.target
	way, err := way.resolved()
	if err != nil {
		return err
	}
	clients := map[string]client{"connect": connectOnce, "messages": sendMessages, "pull": pullBytes}
	if args[0] == "requests" {
		if clients["requests"], err = requester(way, name, *ca, *overHTTP2); err != nil {
			return err
		}
	}
	if args[0] == "hold" {
		return hold(way, *workers)
	}
	one, ok := clients[args[0]]
	if !ok {
		return fmt.Errorf("no load is called %s", args[0])
	}
	return json.NewEncoder(os.Stdout).Encode(measure(way, one, *workers, *length))
}
