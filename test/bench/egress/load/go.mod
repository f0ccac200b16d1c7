module creel.dev/bench/load

go 1.24
