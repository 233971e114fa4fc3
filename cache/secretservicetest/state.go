// SPDX-License-Identifier: Apache-2.0

package secretservicetest

import (
	"net"
	"slices"

	"github.com/godbus/dbus/v5"
)

// State is how the service is. The zero value is an unlocked service with no
// collection at all.
type State struct {
	// Absent: nobody owns the service's name on the bus.
	Absent bool
	// Login: there is a collection named login.
	Login bool
	// Default is the name of the collection that the alias default stands for;
	// empty if there is none.
	Default string
	// Locked: all collections are locked.
	Locked bool
	// ItemsLocked: the collections are open and each item is locked, as
	// KeePassXC does it.
	ItemsLocked bool
	// PromptToDelete: deleting an item needs a prompt.
	PromptToDelete bool
}

// Fault is what happens instead of an answer to a call, or after it. Then the
// connection is closed.
type Fault struct {
	// Skip is how many calls are spared first.
	Skip int
	// Answer: the call is answered as if there were no fault.
	Answer bool
	// Hang: the connection stays, and calls on it are read and not answered.
	Hang bool
	// Error is the name of the D-Bus error that is the answer; the connection
	// stays.
	Error string
	// Say is written to the client as it is.
	Say []byte
}

// Set changes the state of the service.
func (s *Server) Set(state State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}

// Add stores value as go-keyring would: in the collection of this name, under a
// service and a user name.
func (s *Server) Add(collection, service, user string, value []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(root+"/collection/"+dbus.ObjectPath(collection), map[string]string{"service": service, "username": user}, value)
}

// Len returns how many items there are in all collections.
func (s *Server) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.items)
}

// Fail makes every later call of a D-Bus member, or "AUTH", meet a fault.
func (s *Server) Fail(member string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[member] = f
}

// Mend ends all faults.
func (s *Server) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.faults)
}

// Calls returns the members that were called so far, in order.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Clients returns how many connections there are.
func (s *Server) Clients() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Starts returns how often a client's call would have made a bus start the
// service.
func (s *Server) Starts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.starts
}

func (s *Server) record(member string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, member)
}

// fault returns the fault that a call of member meets now.
func (s *Server) fault(member string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fault, ok := s.faults[member]
	if ok && fault.Skip > 0 {
		fault.Skip--
		s.faults[member] = fault
		return Fault{}, false
	}
	return fault, ok
}

func (f Fault) inflict(conn net.Conn) { _, _ = conn.Write(f.Say) }
