// SPDX-License-Identifier: Apache-2.0

// Package login holds what kubectl magnum login keeps in a keyring: the secret
// of an application credential with what is needed to log in by it, and the one
// function that decides whether it may be used.
//
// It does not log in, read files or ask what time it is. There is no promise of
// API stability.
package login

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

// Prefix is what the keys of logins begin with. It changes with the record's
// format.
const Prefix = "v1-login-"

// Account is what a login is of. There is one login of each.
type Account struct {
	AuthURL   string // Keystone's, as [openstack.Cloud] has it
	UserID    string
	ProjectID string
}

// Key is the name under which stores keep the account's record: the head of a
// SHA-256 over all of it.
func (a Account) Key() string {
	h := sha256.New()
	for _, field := range []string{a.AuthURL, a.UserID, a.ProjectID} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(field)))
		h.Write(length[:])
		h.Write([]byte(field))
	}
	return Prefix + hex.EncodeToString(h.Sum(nil)[:16])
}

// Record is a login as kept. What it says of Keystone and of how that is
// verified counts more than any file or variable: the secret was made for it.
type Record struct {
	Account
	ID, Secret string    // of the application credential
	Made       time.Time // with whole seconds
	ExpiresAt  time.Time // likewise
	TLS        openstack.TLS
	Region     string
	Interface  string
	Endpoint   string
}

// Kept is r as a login needs it.
func (r *Record) Kept() *openstack.Kept {
	return &openstack.Kept{
		ID: r.ID, Secret: r.Secret, AuthURL: r.AuthURL, TLS: r.TLS,
		Region: r.Region, Interface: r.Interface, Endpoint: r.Endpoint,
	}
}

// Why a record is not used; ErrExpired is for those who have to be told.
var (
	ErrOther     = errors.New("record is of another account or application credential")
	ErrFuture    = errors.New("record was made in the future")
	ErrExpired   = errors.New("login has expired")
	ErrNewer     = errors.New("record of a newer version")
	errMalformed = errors.New("malformed record")
)

// skew is how much later than now a clock that was set since may have dated a
// record.
const skew = time.Minute

// Usable decides whether r may log in: it is of the account and the application
// credential that are meant, was made in the past, and is not at its end.
func (r *Record) Usable(account Account, id string, now time.Time) error {
	switch {
	case r.Account != account, r.ID != id, r.ID == "", r.Secret == "":
		return ErrOther
	case r.Made.After(now.Add(skew)):
		return ErrFuture
	case !now.Before(r.ExpiresAt):
		return ErrExpired
	}
	return nil
}

// recordVersion is the format that this program writes.
const recordVersion = 1

// wireRecord is compact JSON in ASCII, as credential's records are.
type wireRecord struct {
	Version   int    `json:"v"`
	AuthURL   string `json:"auth"`
	User      string `json:"user"`
	Project   string `json:"project"`
	ID        string `json:"id"`
	Secret    string `json:"secret"`
	Made      int64  `json:"iat"`
	Expires   int64  `json:"exp"`
	CACert    string `json:"cacert,omitempty"`
	Cert      string `json:"cert,omitempty"`
	Key       string `json:"key,omitempty"`
	Insecure  bool   `json:"insecure,omitempty"`
	Region    string `json:"region,omitempty"`
	Interface string `json:"interface,omitempty"`
	Endpoint  string `json:"endpoint,omitempty"`

	SSLCertFile string `json:"ssl_cert_file,omitempty"`
	SSLCertDir  string `json:"ssl_cert_dir,omitempty"`
}

// Encode returns r as stores keep it.
func (r *Record) Encode() ([]byte, error) {
	data, err := json.Marshal(wireRecord{ //nolint:gosec // it is for a keyring
		Version: recordVersion, AuthURL: r.AuthURL, User: r.UserID, Project: r.ProjectID, ID: r.ID, Secret: r.Secret,
		Made: r.Made.Unix(), Expires: r.ExpiresAt.Unix(),
		CACert: r.TLS.CACert, Cert: r.TLS.Cert, Key: r.TLS.Key, Insecure: r.TLS.Insecure,
		Region: r.Region, Interface: r.Interface, Endpoint: r.Endpoint,
		SSLCertFile: r.TLS.SSLCertFile, SSLCertDir: r.TLS.SSLCertDir,
	})
	return ascii(data), err
}

// ascii escapes what is not ASCII in JSON.
func ascii(data []byte) []byte {
	var out []byte
	for len(data) > 0 {
		char, size := utf8.DecodeRune(data)
		switch {
		case char < utf8.RuneSelf:
			out = append(out, data[0])
		case char > 0xffff:
			first, second := utf16.EncodeRune(char)
			out = fmt.Appendf(out, `\u%04x\u%04x`, first, second)
		default:
			out = fmt.Appendf(out, `\u%04x`, char)
		}
		data = data[size:]
	}
	return out
}

// Decode reads a record strictly: one JSON object without unknown fields. It
// decides nothing about trust; that is [Record.Usable]'s. Errors never hold
// content.
func Decode(data []byte) (*Record, error) {
	// The version comes first: a newer record may have fields we don't know.
	var head struct {
		Version int `json:"v"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, errMalformed
	}
	if head.Version > recordVersion {
		return nil, ErrNewer
	}
	var wire wireRecord
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&wire); err != nil {
		return nil, errMalformed
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) || wire.Version != recordVersion {
		return nil, errMalformed
	}
	return &Record{
		Account: Account{AuthURL: wire.AuthURL, UserID: wire.User, ProjectID: wire.Project},
		ID:      wire.ID, Secret: wire.Secret,
		Made: time.Unix(wire.Made, 0).UTC(), ExpiresAt: time.Unix(wire.Expires, 0).UTC(),
		TLS: openstack.TLS{
			CACert: wire.CACert, Cert: wire.Cert, Key: wire.Key, Insecure: wire.Insecure,
			SystemCAs: openstack.SystemCAs{SSLCertFile: wire.SSLCertFile, SSLCertDir: wire.SSLCertDir},
		},
		Region: wire.Region, Interface: wire.Interface, Endpoint: wire.Endpoint,
	}, nil
}
