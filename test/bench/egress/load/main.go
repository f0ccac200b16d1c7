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
		return fmt.Errorf("usage: load serve ADDRESS | connect|messages|pull|hold FLAGS")
	}
	if args[0] == "serve" && len(args) == 2 {
		return serve(args[1])
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	way := way{}
	flags.StringVar(&way.target, "target", "", "host:port of the server")
	flags.StringVar(&way.proxy, "proxy", "", "address of a CONNECT proxy; empty: none")
	workers := flags.Int("workers", 16, "clients at once")
	length := flags.Duration("for", 3*time.Second, "how long")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	way, err := way.resolved()
	if err != nil {
		return err
	}
	clients := map[string]client{"connect": connectOnce, "messages": sendMessages, "pull": pullBytes}
	if args[0] == "hold" {
		return hold(way, *workers)
	}
	one, ok := clients[args[0]]
	if !ok {
		return fmt.Errorf("no load is called %s", args[0])
	}
	return json.NewEncoder(os.Stdout).Encode(measure(way, one, *workers, *length))
}
