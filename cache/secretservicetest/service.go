// SPDX-License-Identifier: Apache-2.0

package secretservicetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"
)

const (
	serviceName = "org.freedesktop.secrets"

	root  = dbus.ObjectPath("/org/freedesktop/secrets")
	alias = root + "/aliases/default"
	none  = dbus.ObjectPath("/")
)

// secret is the Secret structure of the Secret Service API 0.2.
type secret struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

type item struct {
	attributes map[string]string
	value      []byte
}

// answer returns what a call is answered with.
func (s *Server) answer(call *dbus.Message, member string) *dbus.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	if field[string](call, dbus.FieldDestination) != serviceName {
		return reply(call, s.bus(member)...)
	}
	if s.state.Absent {
		if call.Flags&dbus.FlagNoAutoStart == 0 {
			s.starts++
		}
		return failure(call, "org.freedesktop.DBus.Error.ServiceUnknown")
	}
	body, name := s.service(field[dbus.ObjectPath](call, dbus.FieldPath), member, call.Body)
	if name != "" {
		return failure(call, name)
	}
	return reply(call, body...)
}

// meet is told a client's first call to the service, and whether others follow
// that did not wait for the answer. gnome-keyring may not know the client by
// then, and dies of what needs more than a property of its own: here it always
// does.
func (s *Server) meet(call *dbus.Message, hasty bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	polite := field[dbus.ObjectPath](call, dbus.FieldPath) == root && field[string](call, dbus.FieldMember) == "Get" ||
		field[string](call, dbus.FieldMember) == "Ping" // which its D-Bus library answers
	if hasty || !polite {
		s.state.Absent = true
	}
}

// bus answers what is asked of the bus itself.
func (s *Server) bus(member string) []any {
	switch member {
	case "Hello":
		return []any{fmt.Sprintf(":1.%d", s.next())}
	case "NameHasOwner":
		return []any{!s.state.Absent}
	}
	return nil
}

// service answers what is asked of the Secret Service: a body, or the name of
// an error.
func (s *Server) service(path dbus.ObjectPath, member string, args []any) (body []any, failure string) {
	switch member {
	case "Get":
		return s.property(path, args[1].(string))
	case "ReadAlias":
		return []any{s.target(alias)}, ""
	case "OpenSession":
		return []any{dbus.MakeVariant(""), root + dbus.ObjectPath(fmt.Sprintf("/session/s%d", s.next()))}, ""
	case "SearchItems":
		return s.search(path, args[0].(map[string]string)), ""
	case "Unlock":
		if s.state.Locked || s.state.ItemsLocked && s.anyItem(args[0].([]dbus.ObjectPath)) {
			return []any{[]dbus.ObjectPath{}, s.prompt()}, ""
		}
		return []any{args[0], none}, ""
	case "CreateItem":
		return s.create(path, args)
	case "GetSecret":
		return s.secret(path, args[0].(dbus.ObjectPath))
	case "SetSecret":
		return s.setSecret(path, args)
	case "Delete":
		if s.state.PromptToDelete {
			return []any{s.prompt()}, ""
		}
		delete(s.items, path)
		return []any{none}, ""
	case "Close", "Ping", "Prompt": // nobody is there to answer a prompt
		return nil, ""
	}
	return nil, "org.freedesktop.DBus.Error.UnknownMethod"
}

func (s *Server) property(path dbus.ObjectPath, name string) ([]any, string) {
	switch name {
	case "Attributes":
		if i, ok := s.items[path]; ok {
			return []any{dbus.MakeVariant(i.attributes)}, ""
		}
		return nil, "org.freedesktop.Secret.Error.NoSuchObject"
	case "Collections":
		paths := []dbus.ObjectPath{}
		if s.state.Login {
			paths = append(paths, root+"/collection/login")
		}
		if p := s.target(alias); p != none {
			paths = append(paths, p)
		}
		return []any{dbus.MakeVariant(paths)}, ""
	case "Locked":
		return []any{dbus.MakeVariant(s.state.Locked)}, ""
	}
	return nil, "org.freedesktop.DBus.Error.UnknownProperty"
}

// search finds items by attributes: in all collections, told apart by whether
// they are locked, or all in one.
func (s *Server) search(path dbus.ObjectPath, attributes map[string]string) []any {
	collection := s.target(path)
	found := []dbus.ObjectPath{}
	for p, i := range s.items {
		if has(i.attributes, attributes) && strings.HasPrefix(string(p), string(collection)+"/") {
			found = append(found, p)
		}
	}
	slices.Sort(found)
	switch {
	case path != root:
		return []any{found}
	case s.state.Locked || s.state.ItemsLocked:
		return []any{[]dbus.ObjectPath{}, found}
	default:
		return []any{found, []dbus.ObjectPath{}}
	}
}

// has says whether an item has all that is searched for.
func has(attributes, wanted map[string]string) bool {
	for name, value := range wanted {
		if attributes[name] != value {
			return false
		}
	}
	return true
}

func (s *Server) create(path dbus.ObjectPath, args []any) ([]any, string) {
	collection := s.target(path)
	if collection == none {
		return nil, "org.freedesktop.Secret.Error.NoSuchObject"
	}
	if s.state.Locked {
		return nil, "org.freedesktop.Secret.Error.IsLocked"
	}
	properties := args[0].(map[string]dbus.Variant)
	attributes := properties["org.freedesktop.Secret.Item.Attributes"].Value().(map[string]string)
	var given secret
	if err := dbus.Store(args[1:2], &given); err != nil {
		return nil, "org.freedesktop.DBus.Error.InvalidArgs"
	}
	return []any{s.put(collection, attributes, given.Value), none}, ""
}

// put replaces the item with these attributes in a collection, or adds one.
func (s *Server) put(collection dbus.ObjectPath, attributes map[string]string, value []byte) dbus.ObjectPath {
	for p, i := range s.items {
		if maps.Equal(i.attributes, attributes) && strings.HasPrefix(string(p), string(collection)+"/") {
			s.items[p] = item{attributes, value}
			return p
		}
	}
	p := collection + dbus.ObjectPath(fmt.Sprintf("/i%d", s.next()))
	s.items[p] = item{attributes, value}
	return p
}

func (s *Server) secret(path, session dbus.ObjectPath) ([]any, string) {
	i, ok := s.items[path]
	switch {
	case !ok:
		return nil, "org.freedesktop.Secret.Error.NoSuchObject"
	case s.state.Locked || s.state.ItemsLocked:
		return nil, "org.freedesktop.Secret.Error.IsLocked"
	}
	return []any{secret{session, []byte{}, i.value, "text/plain; charset=utf8"}}, ""
}

func (s *Server) setSecret(path dbus.ObjectPath, args []any) ([]any, string) {
	i, ok := s.items[path]
	var given secret
	switch {
	case !ok:
		return nil, "org.freedesktop.Secret.Error.NoSuchObject"
	case s.state.Locked || s.state.ItemsLocked:
		return nil, "org.freedesktop.Secret.Error.IsLocked"
	case dbus.Store(args[:1], &given) != nil:
		return nil, "org.freedesktop.DBus.Error.InvalidArgs"
	}
	s.items[path] = item{i.attributes, given.Value}
	return nil, ""
}

// target is the collection that a path stands for, "/" if there is none.
func (s *Server) target(path dbus.ObjectPath) dbus.ObjectPath {
	switch {
	case path != alias:
		return path
	case s.state.Default == "":
		return none
	}
	return root + "/collection/" + dbus.ObjectPath(s.state.Default)
}

func (s *Server) anyItem(paths []dbus.ObjectPath) bool {
	return slices.ContainsFunc(paths, func(p dbus.ObjectPath) bool { _, ok := s.items[p]; return ok })
}

func (s *Server) prompt() dbus.ObjectPath {
	return root + dbus.ObjectPath(fmt.Sprintf("/prompt/p%d", s.next()))
}

func (s *Server) next() int {
	s.made++
	return s.made
}
