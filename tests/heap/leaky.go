// A server's heap in small: leak keeps what it gets, cache.put turns over a bounded ring. It writes a heap profile after
// each of the turns that are named on its command line.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
)

type cache struct{ ring [256][]byte }

func (c *cache) put(turn int) { c.ring[turn%len(c.ring)] = make([]byte, 16<<10) }

var kept [][]byte

func leak() { kept = append(kept, make([]byte, 4<<10)) }

func turn(c *cache, number int) {
	c.put(number)
	leak()
}

func main() {
	runtime.MemProfileRate = 64 << 10
	c, number := &cache{}, 0
	for _, argument := range os.Args[1:] {
		until, err := strconv.Atoi(argument)
		if err != nil {
			panic(err)
		}
		for ; number < until; number++ {
			turn(c, number)
		}
		runtime.GC()
		file, err := os.Create(fmt.Sprintf("go-%d.pb.gz", until))
		if err != nil {
			panic(err)
		}
		if err := pprof.Lookup("heap").WriteTo(file, 0); err != nil {
			panic(err)
		}
		file.Close()
	}
}
