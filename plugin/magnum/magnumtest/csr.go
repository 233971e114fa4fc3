// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// readCSR reads a certificate request as Magnum does: the first one in text
// that may hold anything else, its signature not verified.
func readCSR(text string) (*x509.CertificateRequest, *fault) {
	if f := encodable(text); f != nil {
		return nil, f
	}
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, invalidCSR(text)
		}
		if strings.HasSuffix(block.Type, "CERTIFICATE REQUEST") {
			csr, err := x509.ParseCertificateRequest(block.Bytes)
			if err != nil {
				return nil, invalidCSR(text)
			}
			return csr, nil
		}
	}
}

// encodable: Magnum turns the text into latin-1. What that cannot hold is one
// error; what it can, but UTF-8 then cannot, is an error that the conductor
// fails to send.
func encodable(text string) *fault {
	beyondASCII := false
	position := 0
	for _, r := range text {
		if r > 0xff {
			escaped := fmt.Sprintf(`\u%04x`, r)
			if r > 0xffff {
				escaped = fmt.Sprintf(`\U%08x`, r)
			}
			return faultf(http.StatusInternalServerError, "'latin-1' codec can't encode character '%s' "+
				"in position %d: ordinal not in range(256)", escaped, position)
		}
		beyondASCII = beyondASCII || r >= utf8.RuneSelf
		position++
	}
	if beyondASCII {
		return errNoReply
	}
	return nil
}

func invalidCSR(text string) *fault {
	return faultf(http.StatusBadRequest, "Received invalid csr %s.", pythonBytes(text))
}

// pythonBytes is the repr of ASCII bytes.
func pythonBytes(text string) string {
	quote := byte('\'')
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		quote = '"'
	}
	b := []byte{'b', quote}
	for _, c := range []byte(text) {
		switch {
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c == quote || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c > '~':
			b = fmt.Appendf(b, `\x%02x`, c)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, quote))
}

// grant is what Magnum's validator leaves of the extensions asked for: those
// it does not know and cannot grant are dropped, or refused if critical. (It
// then fails to send the refusal.)
func (r release) grant(asked []pkix.Extension) ([]pkix.Extension, *fault) {
	var granted []pkix.Extension
	for _, e := range asked {
		ok := true
		switch {
		case e.Id.Equal(oidSubjectKeyID):
			if r.keyIDs {
				return nil, faultf(http.StatusInternalServerError, "This extension has already been set.")
			}
		case e.Id.Equal(oidExtendedKeyUsage), e.Id.Equal(oidSubjectAltName):
		case e.Id.Equal(oidKeyUsage):
			e, ok = grantKeyUsage(e)
		case e.Id.Equal(oidBasicConstraints):
			e, ok = grantBasicConstraints(e)
		default:
			if e.Critical {
				return nil, errNoReply
			}
			continue
		}
		if !ok {
			return nil, errNoReply
		}
		granted = append(granted, e)
	}
	return granted, nil
}

// grantKeyUsage clears all but digitalSignature, nonRepudiation and
// keyEncipherment, the first three bits.
func grantKeyUsage(e pkix.Extension) (pkix.Extension, bool) {
	const allowed = 0b1110_0000
	var usage asn1.BitString
	if _, err := asn1.Unmarshal(e.Value, &usage); err != nil {
		return e, false
	}
	var granted byte
	for i := range usage.BitLength {
		switch bit := byte(0x80) >> i; {
		case usage.At(i) == 0:
		case i < 8 && allowed&bit != 0:
			granted |= bit
		case e.Critical:
			return e, false
		}
	}
	e.Value = mustMarshal(trimmed(granted))
	return e, true
}

// trimmed is a named bit list without trailing zeros (X.690, 11.2.2).
func trimmed(bits byte) asn1.BitString {
	n := 8
	for n > 0 && bits&(0x80>>(n-1)) == 0 {
		n--
	}
	if n == 0 {
		return asn1.BitString{}
	}
	return asn1.BitString{Bytes: []byte{bits}, BitLength: n}
}

// grantBasicConstraints makes no CA of anyone.
func grantBasicConstraints(e pkix.Extension) (pkix.Extension, bool) {
	var asked basicConstraints
	if _, err := asn1.Unmarshal(e.Value, &asked); err != nil || (asked.CA && e.Critical) {
		return e, false
	}
	if asked.CA {
		e.Value = mustMarshal(basicConstraints{PathLength: -1})
	}
	return e, true
}
