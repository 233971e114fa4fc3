// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Request is one line of an access log.
type Request struct {
	Service      string // "keystone" or "magnum"
	Method, Path string // the path with its query
	Status       int

	time float64 // seconds since 1970
}

func (r Request) String() string {
	return r.Service + " " + r.Method + " " + r.Path + " " + strconv.Itoa(r.Status)
}

// Requests returns what the pair was asked by others so far, in order.
// Magnum's own requests to Keystone are left out: all that a Python program
// makes are.
func (p *Pair) Requests(t testing.TB) []Request {
	t.Helper()
	var all []Request
	for _, service := range []string{"keystone", "magnum"} {
		path := filepath.Join(filepath.Dir(p.CloudsYAML), service+"-access.log")
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if r, ok := parseRequest(line); ok {
				r.Service = service
				all = append(all, r)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Request) int { return cmp.Compare(a.time, b.time) })
	return all
}

// parseRequest reads "TIME METHOD PATH STATUS ... AGENT". It is not ok for a
// line that is not one of those, or whose agent is Python's.
func parseRequest(line string) (r Request, ok bool) {
	f := strings.Fields(line)
	if len(f) < 4 || strings.Contains(strings.ToLower(line), "python") {
		return Request{}, false
	}
	time, err := strconv.ParseFloat(f[0], 64)
	if err != nil {
		return Request{}, false
	}
	status, err := strconv.Atoi(f[3])
	return Request{Method: f[1], Path: f[2], Status: status, time: time}, err == nil
}
