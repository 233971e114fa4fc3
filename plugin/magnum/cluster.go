// SPDX-License-Identifier: Apache-2.0

package magnum

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"sync"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

// Cluster is what the program uses of a Magnum cluster. What Magnum leaves out
// or has as null is "". Texts are as Magnum has them: they can hold anything,
// control characters included, except that UUID is a UUID.
type Cluster struct {
	UUID         string `json:"uuid"`
	Name         string `json:"name"`
	Status       string `json:"status"` // such as CREATE_COMPLETE
	StatusReason string `json:"status_reason"`
	HealthStatus string `json:"health_status"` // HEALTHY, UNHEALTHY, UNKNOWN or ""
	APIAddress   string `json:"api_address"`   // https://host:port, "" until known
	TemplateUUID string `json:"cluster_template_id"`
	UserID       string `json:"user_id"` // who created it, and so may sign
	ProjectID    string `json:"project_id"`
	StackID      string `json:"stack_id"`
	COEVersion   string `json:"coe_version"` // of Kubernetes

	// MaxMicroversion is the newest that this Magnum knows. It is zero in a
	// list, for a cluster called "detail", and if Magnum does not say.
	MaxMicroversion Microversion `json:"-"`
}

// Cluster reads one cluster. The errors are [*NotFoundError],
// [*AmbiguousError], [*ForbiddenError].
func (c *Client) Cluster(ctx context.Context, nameOrUUID string) (Cluster, error) {
	if !segment(nameOrUUID) {
		return Cluster{}, &NotFoundError{Cluster: nameOrUUID}
	}
	if nameOrUUID == "detail" { // the path of the list of clusters
		return c.listed(ctx, nameOrUUID)
	}
	var cluster Cluster
	at := c.path("clusters", nameOrUUID)
	header, err := c.get(ctx, at, &cluster)
	err = refusal(err, OpCluster, nameOrUUID)
	if ambiguous, ok := errors.AsType[*AmbiguousError](err); ok {
		clusters, _ := c.Clusters(ctx) // without it the error still says what is wrong
		ambiguous.UUIDs = uuids(clusters, nameOrUUID)
	}
	if err != nil {
		return Cluster{}, err
	}
	cluster.MaxMicroversion = maximum(header)
	return cluster, checkUUID(at, cluster.UUID)
}

// listed finds a cluster in the list.
func (c *Client) listed(ctx context.Context, name string) (Cluster, error) {
	clusters, err := c.Clusters(ctx)
	if err != nil {
		return Cluster{}, err
	}
	found := uuids(clusters, name)
	if len(found) > 1 {
		return Cluster{}, &AmbiguousError{Name: name, UUIDs: found}
	}
	for _, cluster := range clusters {
		if cluster.Name == name {
			return cluster, nil
		}
	}
	return Cluster{}, &NotFoundError{Cluster: name}
}

// uuids are the clusters of that name, sorted.
func uuids(clusters []Cluster, name string) []string {
	var found []string
	for _, cluster := range clusters {
		if cluster.Name == name {
			found = append(found, cluster.UUID)
		}
	}
	slices.Sort(found)
	return found
}

// More than this of a list is not read: no Magnum has it, but something in its
// place could go on for ever.
const (
	pagesMax    = 1000
	clustersMax = 100_000
)

// Clusters reads all clusters that the login may see: those of its project, or,
// for an administrator, of every project. A list of over 1000 pages or 100 000
// clusters is an [*openstack.BadAnswerError].
func (c *Client) Clusters(ctx context.Context) ([]Cluster, error) {
	var all []Cluster
	at := c.path("clusters", "detail")
	seen := map[string]bool{}
	for url, pages := at, 1; ; pages++ {
		var page struct {
			Clusters []Cluster `json:"clusters"`
			Next     string    `json:"next"`
		}
		if err := c.read(ctx, url, &page); err != nil {
			return nil, err
		}
		for _, cluster := range page.Clusters {
			if err := checkUUID(at, cluster.UUID); err != nil {
				return nil, err
			}
			if seen[cluster.UUID] {
				return nil, &openstack.BadAnswerError{Service: service, URL: at, Reason: "lists a cluster twice"}
			}
			seen[cluster.UUID] = true
		}
		all = append(all, page.Clusters...)
		if page.Next == "" || len(page.Clusters) == 0 {
			return all, nil
		}
		if pages >= pagesMax || len(all) > clustersMax {
			return nil, &openstack.BadAnswerError{Service: service, URL: at, Reason: "lists clusters without end"}
		}
		url = nextPage(at, page.Clusters)
	}
}

// nextPage is the URL of the page after the one given. Magnum's own "next" only
// tells that there is one: behind a proxy its host is wrong.
func nextPage(list string, page []Cluster) string {
	return list + "?" + url.Values{"marker": {page[len(page)-1].UUID}}.Encode()
}

var uuidForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
})

// checkUUID refuses what is no UUID, as UUIDs become names of files.
func checkUUID(at, uuid string) error {
	if uuidForm().MatchString(uuid) {
		return nil
	}
	return &openstack.BadAnswerError{Service: service, URL: at, Reason: "has a cluster without a UUID"}
}
