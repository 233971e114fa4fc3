// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"fmt"
	"net/http"
	"strings"
)

// fault is an error of one of Magnum's calls. One without a detail is an error
// of routing: no call was reached, and so the answer names no microversion.
type fault struct {
	status int
	detail string
	allow  string // the methods there are, with 405
}

func faultf(status int, format string, a ...any) *fault {
	return &fault{status: status, detail: fmt.Sprintf(format, a...)}
}

func methodNotAllowed(allow string) *fault {
	return &fault{status: http.StatusMethodNotAllowed, allow: allow}
}

// faultAnswer is the body that Magnum's middleware makes of a fault: the title
// is the detail up to its first full stop. Routing has no detail to give, and
// so leaves code, title and detail empty.
func faultAnswer(f fault) answer {
	code := ""
	switch {
	case f.detail != "" && f.status < 500:
		code = "client"
	case f.detail != "":
		code = "server"
	}
	title, _, _ := strings.Cut(f.detail, ".")
	a := jsonAnswer(f.status, object{{"errors", []object{{
		{"request_id", ""},
		{"code", code},
		{"status", f.status},
		{"title", title},
		{"detail", f.detail},
		{"links", []object{}},
	}}}})
	if f.allow != "" {
		a = a.with("Allow", f.allow)
	}
	return a
}

func clusterNotFound(ident string) *fault {
	return faultf(http.StatusNotFound, "Cluster %s could not be found.", ident)
}

var (
	errSameName = faultf(http.StatusConflict,
		"Multiple clusters exist with same name. Please use the cluster uuid instead.")
	errNoKeyPair = faultf(http.StatusNotFound, "A key pair None could not be found.")
	// errNoReply is what becomes of an error that oslo.messaging cannot send
	// from the conductor to the API: the API waits for
	// rpc_response_timeout, which this one spares its clients.
	errNoReply = faultf(http.StatusInternalServerError, "No reply on topic magnum-conductor")
)

func forbiddenByPolicy(action string) *fault {
	return faultf(http.StatusForbidden, "Policy doesn't allow %s to be performed.", action)
}

func invalidField(name, value, why string) *fault {
	return faultf(http.StatusBadRequest, "Invalid input for field/attribute %s. Value: '%s'. %s", name, value, why)
}
