// SPDX-License-Identifier: Apache-2.0

package credential

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// recordVersion is the format that this program writes. A record of a newer
// version is not ours to judge or erase.
const recordVersion = 1

// ErrNewerVersion is a record that a later version of this program wrote.
var ErrNewerVersion = errors.New("record of a newer version")

var errMalformed = errors.New("malformed record")

// wireRecord is compact JSON in ASCII: KWallet and KeePassXC corrupt anything
// else, and DER with the raw scalar is what fits the 2560 bytes of Windows
// (docs/adr/0002). A record has the fields of a certificate or those of a token.
type wireRecord struct {
	Version     int    `json:"v"`
	Identity    string `json:"id"`
	Cluster     string `json:"cluster"`
	Key         string `json:"key,omitempty"` // the P-256 scalar, 32 bytes, base64url
	Certificate string `json:"crt,omitempty"` // DER, base64url
	CA          string `json:"ca,omitempty"`  // SHA-256, hex
	CANotAfter  int64  `json:"caexp,omitempty"`
	Since       int64  `json:"since,omitempty"`
	Token       string `json:"token,omitempty"`
	Expires     int64  `json:"exp,omitempty"`
	Issued      int64  `json:"iat"`
}

// isToken says whether w has what only a token's record has, and nothing that
// only a certificate's has.
func (w wireRecord) isToken() bool {
	return w.Token != "" && w.Expires != 0 && w.Key == "" && w.Certificate == "" && w.CA == "" && w.CANotAfter == 0 && w.Since == 0
}

// isCertificate says the opposite; a record may be neither.
func (w wireRecord) isCertificate() bool { return w.Token == "" && w.Expires == 0 }

var encoding = base64.RawURLEncoding.Strict()

// Encode returns r as stores keep it.
func (r *Record) Encode() ([]byte, error) {
	if r.IsToken() {
		return json.Marshal(wireRecord{
			Version:  recordVersion,
			Identity: r.Identity,
			Cluster:  r.Cluster,
			Token:    r.Token,
			Expires:  r.Expires.Unix(),
			Issued:   r.Issued.Unix(),
		})
	}
	scalar, err := r.Key.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	var since int64
	if !r.Since.IsZero() {
		since = r.Since.Unix()
	}
	return json.Marshal(wireRecord{
		Version:     recordVersion,
		Identity:    r.Identity,
		Cluster:     r.Cluster,
		Key:         encoding.EncodeToString(scalar),
		Certificate: encoding.EncodeToString(r.Certificate.Raw),
		CA:          r.CA,
		CANotAfter:  r.CANotAfter.Unix(),
		Since:       since,
		Issued:      r.Issued.Unix(),
	})
}

// Decode reads a record strictly: one JSON object without unknown fields that is
// either a certificate's, with canonical base64, a valid scalar and a certificate
// that parses, or a token's, whose token fits a header. It decides nothing about
// trust; that is [Record.Usable]'s. Errors never hold content.
func Decode(data []byte) (*Record, error) {
	var wire wireRecord
	if err := decodeStrict(data, &wire); err != nil {
		return nil, err
	}
	switch {
	case wire.isToken():
		return decodeToken(wire)
	case wire.isCertificate():
		return decodeCertificate(wire)
	}
	return nil, errMalformed
}

func decodeCertificate(wire wireRecord) (*Record, error) {
	key, err := decodeKey(wire.Key)
	if err != nil {
		return nil, err
	}
	der, err := encoding.DecodeString(wire.Certificate)
	if err != nil {
		return nil, errMalformed
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, errMalformed
	}
	if ca, err := hex.DecodeString(wire.CA); err != nil || len(ca) != 32 {
		return nil, errMalformed
	}
	var since time.Time
	if wire.Since != 0 {
		since = time.Unix(wire.Since, 0).UTC()
	}
	return &Record{
		Identity:    wire.Identity,
		Cluster:     wire.Cluster,
		Key:         key,
		Certificate: cert,
		CA:          wire.CA,
		CANotAfter:  time.Unix(wire.CANotAfter, 0).UTC(),
		Since:       since,
		Issued:      time.Unix(wire.Issued, 0).UTC(),
	}, nil
}

// Newer says whether the record a was issued later than the record b. What is
// no record is older than any. One of a newer version is neither older nor newer.
func Newer(a, b []byte) bool {
	x, err := Decode(a)
	if err != nil {
		return false
	}
	y, err := Decode(b)
	return err == nil && x.Issued.After(y.Issued) || err != nil && !errors.Is(err, ErrNewerVersion)
}

func decodeStrict(data []byte, wire *wireRecord) error {
	// The version comes first: a newer record may have fields we don't know.
	var head struct {
		Version int `json:"v"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return errMalformed
	}
	if head.Version > recordVersion {
		return ErrNewerVersion
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(wire); err != nil {
		return errMalformed
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) || wire.Version != recordVersion {
		return errMalformed
	}
	return nil
}

func decodeKey(s string) (*ecdsa.PrivateKey, error) {
	scalar, err := encoding.DecodeString(s)
	if err != nil || len(scalar) != 32 {
		return nil, errMalformed
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
	if err != nil {
		return nil, errMalformed
	}
	return key, nil
}
