// SPDX-License-Identifier: Apache-2.0

package magnum

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

// service is what errors call the service.
const service = "Magnum"

// Client makes calls to one Magnum. It may be used concurrently.
//
// Errors other than those a method names are those of [openstack.Explain].
type Client struct {
	service *gophercloud.ServiceClient
}

// New is a client on a service client of the container infrastructure service.
func New(service *gophercloud.ServiceClient) *Client {
	return &Client{service: service}
}

// path is the URL of a resource. Each part is one segment of it, whatever
// characters it has.
func (c *Client) path(parts ...string) string {
	escaped := make([]string, len(parts))
	for i, part := range parts {
		escaped[i] = url.PathEscape(part)
	}
	return c.service.ServiceURL(escaped...)
}

func (c *Client) read(ctx context.Context, url string, answer any) error {
	_, err := c.get(ctx, url, answer)
	return err
}

func (c *Client) get(ctx context.Context, url string, answer any) (http.Header, error) {
	resp, err := c.service.Get(ctx, url, answer, nil) //nolint:bodyclose // gophercloud reads it to the end and closes it
	if err != nil {
		return nil, openstack.Explain(service, err)
	}
	return resp.Header, nil
}

func (c *Client) post(ctx context.Context, url string, body, answer any) (http.Header, error) {
	created := &gophercloud.RequestOpts{OkCodes: []int{http.StatusCreated}}
	resp, err := c.service.Post(ctx, url, body, answer, created) //nolint:bodyclose // as in get
	if err != nil {
		return nil, openstack.Explain(service, err)
	}
	return resp.Header, nil
}

// segment says whether text can be a segment of a path. An empty one, or one of
// dots only, would lead to another resource; a slash is one for some servers
// even if it is escaped, and in no name of a cluster.
func segment(text string) bool {
	return text != "" && text != "." && text != ".." && !strings.Contains(text, "/")
}
