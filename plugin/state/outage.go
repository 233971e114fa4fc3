// SPDX-License-Identifier: Apache-2.0

package state

// ReadOutage reads into o what SetOutage wrote of a store. It says false where
// there is nothing.
func (d Dir) ReadOutage(store string, o any) bool {
	return validKey(store) && d.read(o, "outages", store+".json")
}

// SetOutage remembers what is known of a store that did not answer. It is called
// in a burst, so it waits neither for the disk nor for others. What is written is
// to be always as long, or of two at the same moment none may be whole.
func (d Dir) SetOutage(store string, o any) error {
	if !validKey(store) {
		return errNotKey
	}
	return d.writeSoon(o, "outages", store+".json")
}
