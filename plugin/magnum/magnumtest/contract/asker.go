// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// asker puts questions to a target. It remembers nothing of the answers but
// tokens and the names of ids.
type asker struct {
	t       *testing.T
	title   string // of the section
	target  Target
	magnum  string            // address without /v1
	tokens  map[string]string // by cloud
	names   map[string]string // of ids, for readable answers
	answers *answers
}

// question is a request. Paths begin with /v1 for Magnum and with /v3 for
// Keystone.
type question struct {
	name   string
	method string
	path   string // {name} stands for the UUID of a cluster
	as     string // a cloud whose token to send, "" for none
	token  string // a token to send instead
	header map[string]string
	body   any // a string is sent as it is
	ask    service
	mask   *regexp.Regexp // words of the target's own, not compared
}

type service int

const (
	magnum service = iota
	keystone
)

// reply is an answer as received.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// latest asks for the newest microversion.
var latest = map[string]string{"OpenStack-API-Version": "container-infra latest"}

// client follows no redirect and asks no proxy: targets are on loopback.
var client = &http.Client{
	Transport:     &http.Transport{},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// get is a question to Magnum as most are asked.
func (a *asker) get(name, path, as string) reply {
	a.t.Helper()
	return a.ask(question{name: name, method: http.MethodGet, path: path, as: as, header: latest})
}

// ask puts q as a subtest and compares the answer with the one on record.
func (a *asker) ask(q question) reply {
	a.t.Helper()
	var r reply
	a.t.Run(q.name, func(t *testing.T) {
		r = a.send(t, q)
		a.compare(t, q, r, "")
	})
	return r
}

func (a *asker) compare(t *testing.T, q question, r reply, more string) {
	t.Helper()
	checkCommonHeaders(t, r)
	a.answers.compare(t, a.title+": "+q.name, a.describe(q, r)+more)
}

// quietly asks what only prepares a question.
func (a *asker) quietly(method, path, as string, body any) reply {
	a.t.Helper()
	return a.send(a.t, question{method: method, path: path, as: as, header: latest, body: body})
}

func (a *asker) send(t *testing.T, q question) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), q.method, a.address(q), bytes.NewReader(encode(t, q.body)))
	if err != nil {
		t.Fatal(err)
	}
	if q.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	switch {
	case q.token != "":
		req.Header.Set("X-Auth-Token", q.token)
	case q.as != "":
		req.Header.Set("X-Auth-Token", a.token(t, q.as))
	}
	for name, value := range q.header {
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, body}
}

func encode(t *testing.T, body any) []byte {
	t.Helper()
	switch body := body.(type) {
	case nil:
		return nil
	case string:
		return []byte(body)
	}
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

func (a *asker) address(q question) string {
	base := a.magnum
	if q.ask == keystone {
		base = strings.TrimSuffix(a.target.KeystoneURL, "/v3")
	}
	return base + placeholder.ReplaceAllStringFunc(q.path, func(name string) string {
		return a.id("<" + strings.Trim(name, "{}") + ">")
	})
}

// id is the id that has a name.
func (a *asker) id(name string) string {
	for id, have := range a.names {
		if have == name {
			return id
		}
	}
	panic("contract: no id of " + name)
}

// token logs a cloud in, once.
func (a *asker) token(t *testing.T, cloud string) string {
	t.Helper()
	if a.tokens[cloud] == "" {
		a.tokens[cloud] = a.newToken(t, cloud)
	}
	return a.tokens[cloud]
}

func (a *asker) newToken(t *testing.T, cloud string) string {
	t.Helper()
	r := a.send(t, question{method: http.MethodPost, path: "/v3/auth/tokens", ask: keystone, body: a.logIn(t, cloud)})
	if r.status != http.StatusCreated {
		t.Fatalf("log in as %s: %d %s", cloud, r.status, r.body)
	}
	return r.header.Get("X-Subject-Token")
}

// object is JSON to send.
type object map[string]any

// logIn is the body that logs a cloud in.
func (a *asker) logIn(t *testing.T, cloud string) object {
	t.Helper()
	c, ok := a.target.Clouds[cloud]
	if !ok {
		t.Fatalf("the target has no cloud %q", cloud)
	}
	if c.CredentialID != "" {
		return unscoped(byCredential(c.CredentialID, c.CredentialSecret))
	}
	return scoped(byPassword(c.Username, c.Password), c.Project)
}

// checkCommonHeaders checks what every answer has.
func checkCommonHeaders(t *testing.T, r reply) {
	t.Helper()
	if _, err := http.ParseTime(r.header.Get("Date")); err != nil {
		t.Errorf("Date: %v", err)
	}
	if id := r.header.Get("X-Openstack-Request-Id"); !requestID.MatchString(id) {
		t.Errorf("X-Openstack-Request-Id: %q", id)
	}
}

var requestID = regexp.MustCompile(`^req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// section goes on with another part of the suite.
func (a *asker) section(t *testing.T, title string) *asker {
	next := *a
	next.t, next.title = t, title
	return &next
}

// newAsker finds Magnum in the catalog and learns which ids mean what.
func newAsker(t *testing.T, target Target) *asker {
	t.Helper()
	a := &asker{t: t, target: target, tokens: map[string]string{}, names: map[string]string{}}
	r := a.send(t, question{
		method: http.MethodPost, path: "/v3/auth/tokens", ask: keystone, body: a.logIn(t, "alice"),
	})
	var body struct {
		Token struct {
			User, Project struct{ ID string }
			Catalog       []struct {
				Type      string
				Endpoints []struct{ Interface, URL string }
			}
		}
	}
	if err := json.Unmarshal(r.body, &body); err != nil || r.status != http.StatusCreated {
		t.Fatalf("log in as alice: %d %s", r.status, r.body)
	}
	a.names[body.Token.User.ID], a.names[body.Token.Project.ID] = "<alice>", "<demo>"
	for _, entry := range body.Token.Catalog {
		for _, e := range entry.Endpoints {
			if entry.Type == "container-infra" && e.Interface == "public" {
				a.magnum = strings.TrimSuffix(strings.TrimSuffix(e.URL, "/"), "/v1")
			}
		}
	}
	if _, err := url.Parse(a.magnum); err != nil || a.magnum == "" {
		t.Fatalf("Magnum's address in the catalog: %q", a.magnum)
	}
	a.nameClusters(t)
	a.answers = readAnswers(a.release(t), target.Policy, target.Record)
	return a
}

// nameClusters names clusters and templates; of two with one name the older is
// NAME1.
func (a *asker) nameClusters(t *testing.T) {
	t.Helper()
	for _, resource := range []string{"clusters", "clustertemplates"} {
		r := a.send(t, question{method: http.MethodGet, path: "/v1/" + resource, as: "alice"})
		var list map[string]json.RawMessage
		var items []struct{ UUID, Name string }
		if json.Unmarshal(r.body, &list) != nil || json.Unmarshal(list[resource], &items) != nil {
			t.Fatalf("GET /v1/%s: %d %s", resource, r.status, r.body)
		}
		for _, item := range items {
			name := item.Name
			for n := 2; slices.Contains(slices.Collect(maps.Values(a.names)), "<"+name+">"); n++ {
				name = fmt.Sprintf("%s%d", item.Name, n)
			}
			a.names[item.UUID] = "<" + name + ">"
		}
	}
}

// release is which of the releases on record this Magnum is.
func (a *asker) release(t *testing.T) int {
	t.Helper()
	r := a.send(t, question{method: http.MethodGet, path: "/"})
	for text, version := range map[string]int{`"max_version": "1.10"`: 15, `"max_version": "1.14"`: 23} {
		if bytes.Contains(r.body, []byte(text)) {
			return version
		}
	}
	t.Fatalf("no answers of this Magnum on record: %s", r.body)
	return 0
}
