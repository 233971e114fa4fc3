// SPDX-License-Identifier: Apache-2.0

package magnum

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"sync"
)

// Microversion is a version of Magnum's API. The zero value is none that there
// is: not known.
type Microversion struct{ Major, Minor int }

func (v Microversion) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// Compare is negative if v is older than w, positive if it is newer.
func (v Microversion) Compare(w Microversion) int {
	return cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor))
}

// maximumForm is with the names of the service that some Magnum answers with.
var maximumForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^container-infra(?:structure(?:-management)?)? ([1-9][0-9]{0,3})\.([0-9]{1,4})$`)
})

// maximum is the newest microversion that the sender of an answer knows, which
// tells releases apart. It is zero if the answer does not say, or oddly.
func maximum(h http.Header) Microversion {
	m := maximumForm().FindStringSubmatch(h.Get("OpenStack-API-Maximum-Version"))
	if m == nil {
		return Microversion{}
	}
	major, _ := strconv.Atoi(m[1]) // digits, a few
	minor, _ := strconv.Atoi(m[2])
	return Microversion{major, minor}
}
