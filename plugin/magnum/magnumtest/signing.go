// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// signing is the body of POST /v1/certificates.
type signing struct {
	clusterUUID string // or name; "" if absent
	csr         *string
	caCertType  *string
}

// attributes are the members that the body may have; those of an answer are
// taken and ignored.
var attributes = []string{
	"bay_uuid", "ca_cert_type", "cluster_uuid", "created_at", "csr", "links", "pem", "updated_at",
}

// kind is the ca_cert_type asked for, if any.
func (r signing) kind() string {
	if r.caCertType == nil {
		return ""
	}
	return *r.caCertType
}

// readSigning reads the body and objects to it as WSME does.
func (r release) readSigning(q *question) (signing, *fault) {
	var req signing
	kind, _, _ := mime.ParseMediaType(q.Header.Get("Content-Type"))
	switch {
	case kind == "":
		return req, faultf(http.StatusBadRequest, "Unknown argument: \"%s\"", q.body)
	case kind != "application/json":
		return req, faultf(http.StatusUnsupportedMediaType, "Unknown mimetype: %s", kind)
	case len(q.body) == 0:
		return req, missingArgument("certificate")
	case !json.Valid(q.body):
		return req, faultf(http.StatusBadRequest, "Request is not in valid JSON format")
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(q.body, &fields) != nil || fields == nil {
		return req, notAnObject(q.body)
	}
	names := slices.Sorted(maps.Keys(fields))
	for _, name := range names {
		if !slices.Contains(attributes, name) || (name == "bay_uuid" && !r.bays) {
			return req, faultf(http.StatusBadRequest, "Unknown attribute for argument certificate: %s", name)
		}
	}
	for _, name := range names {
		if f := req.set(name, fields[name]); f != nil {
			return req, f
		}
	}
	return req, nil
}

// notAnObject is what Python has to say of JSON of another type.
func notAnObject(body []byte) *fault {
	switch strings.TrimSpace(string(body))[0] {
	case 'n':
		return faultf(http.StatusInternalServerError, "'NoneType' object has no attribute 'get_cluster'")
	case '[':
		return faultf(http.StatusInternalServerError, "'list' object has no attribute 'keys'")
	}
	return faultf(http.StatusInternalServerError, "'str' object has no attribute 'keys'")
}

func (r *signing) set(name string, raw json.RawMessage) *fault {
	var value *string
	if json.Unmarshal(raw, &value) != nil {
		return invalidField(name, string(raw), "Value should be string")
	}
	switch name {
	case "cluster_uuid", "bay_uuid":
		if value != nil {
			r.clusterUUID = *value
		}
	case "csr":
		if value != nil && *value == "" {
			return invalidField("csr", "", "Value should have a minimum character requirement of 1")
		}
		r.csr = value
	case "ca_cert_type":
		r.caCertType = value
	}
	return nil
}

// errUnset is what becomes of a body without a cluster: Magnum looks for one
// whose name is "unset", in SQL. The text is SQLite's and SQLAlchemy's, the
// columns left out; on other databases it is another.
func errUnset(t token) *fault {
	scope, id := "user_id", t.user.id
	if t.project != nil {
		scope, id = "project_id", t.project.id
	}
	return faultf(http.StatusInternalServerError,
		"(sqlite3.ProgrammingError) Error binding parameter 2: type 'UnsetType' is not supported\n"+
			"[SQL: SELECT cluster.uuid AS cluster_uuid \nFROM cluster \nWHERE cluster.%s = ? AND cluster.name = ?]\n"+
			"[parameters: ('%s', Unset)]\n(Background on this error at: https://sqlalche.me/e/14/f405)", scope, id)
}
