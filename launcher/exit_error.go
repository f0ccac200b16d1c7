package main

import "errors"

// exitError carries the exit code of a failure that callers tell apart.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string { return e.err.Error() }
func (e exitError) Unwrap() error { return e.err }

const (
	// exitNotReady: the fence or policy did not come up in time; nothing was started.
	exitNotReady = 111
	// exitNotFound and exitNotExecutable are what shells use.
	exitNotExecutable = 126
	exitNotFound      = 127
)

func exitCode(err error) int {
	var coded exitError
	if errors.As(err, &coded) {
		return coded.code
	}
	return 1
}
