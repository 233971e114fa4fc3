// SPDX-License-Identifier: Apache-2.0

package state

// ReadOutage reads into o what SetOutage wrote of a store. It says false where
// there is nothing.
func (d Dir) ReadOutage(store string, o any) bool {
	return validKey(store) && d.read(o, "outages", store+".json")
}

// SetOutage remembers what is known of a store that did not answer. Of two who
// write at the same moment the last one is believed.
func (d Dir) SetOutage(store string, o any) error {
	if !validKey(store) {
		return errNotKey
	}
	return d.write(o, "outages", store+".json")
}
