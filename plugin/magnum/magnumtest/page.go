// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxLimit is Magnum's default max_limit.
const maxLimit = 1000

// page is what a list request asks for.
type page struct {
	limit   int
	marker  string
	sortKey string
	sortDir string
}

var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// page reads the arguments of a list in the order in which Magnum objects to
// them.
func (q *question) page() (page, *fault) {
	p := page{limit: maxLimit, sortKey: "id", sortDir: "asc"}
	args := q.URL.Query()
	if f := q.arguments("marker", "limit", "sort_key", "sort_dir"); f != nil {
		return p, f
	}
	if p.marker = args.Get("marker"); p.marker != "" && !uuidPattern.MatchString(p.marker) {
		return p, invalidField("marker", p.marker,
			fmt.Sprintf("unable to convert to uuid. Error: Expected a uuid but received %s.", p.marker))
	}
	if text := args.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return p, invalidField("limit", text,
				fmt.Sprintf("unable to convert to int. Error: invalid literal for int() with base 10: '%s'", text))
		}
		if n <= 0 {
			return p, faultf(http.StatusBadRequest, "Limit must be positive")
		}
		p.limit = min(n, maxLimit)
	}
	if args.Has("sort_key") {
		p.sortKey = args.Get("sort_key")
	}
	if args.Has("sort_dir") {
		p.sortDir = args.Get("sort_dir")
	}
	if p.sortDir != "asc" && p.sortDir != "desc" {
		return p, faultf(http.StatusBadRequest,
			"Invalid sort direction: %s. Acceptable values are 'asc' or 'desc'", p.sortDir)
	}
	return p, nil
}

// next is the address of the following page.
func (p page) next(base, resource, last string) string {
	return fmt.Sprintf("%s/v1/%s?sort_key=%s&sort_dir=%s&limit=%d&marker=%s",
		base, resource, p.sortKey, p.sortDir, p.limit, last)
}

// sortKeys are what a list can be sorted by; uuid must be among them. The key
// "id" is the order of creation and needs no function.
type sortKeys[T any] map[string]func(T) string

var clusterKeys = sortKeys[*cluster]{
	"uuid":   func(c *cluster) string { return c.UUID },
	"name":   func(c *cluster) string { return c.Name },
	"status": func(c *cluster) string { return c.Status },
}

// paginate cuts a page out of items, which are in order of creation.
func paginate[T any](p page, items []T, keys sortKeys[T], notFound func(string) *fault) ([]T, *fault) {
	key, ok := keys[p.sortKey]
	if !ok && p.sortKey != "id" {
		return nil, faultf(http.StatusBadRequest,
			"The sort_key value %q is an invalid field for sorting", p.sortKey)
	}
	if ok {
		slices.SortStableFunc(items, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	}
	if p.sortDir == "desc" {
		slices.Reverse(items)
	}
	if p.marker != "" {
		i := slices.IndexFunc(items, func(item T) bool { return keys["uuid"](item) == p.marker })
		if i < 0 {
			return nil, notFound(p.marker)
		}
		items = items[i+1:]
	}
	return items[:min(p.limit, len(items))], nil
}
