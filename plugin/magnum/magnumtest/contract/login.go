// SPDX-License-Identifier: Apache-2.0

package contract

// domain is the one that all users and projects are in.
var domain = object{"name": "Default"}

func byPassword(user, password string) object {
	return byUser(object{"name": user, "domain": domain, "password": password})
}

func byUser(user object) object {
	return identity("password", object{"user": user})
}

func byToken(token string) object { return identity("token", object{"id": token}) }

func byCredential(id, secret string) object {
	return identity("application_credential", object{"id": id, "secret": secret})
}

// identity is a login by one method.
func identity(method string, with object) object {
	return object{"identity": object{"methods": []string{method}, method: with}}
}

func scoped(auth object, project string) object {
	return withScope(auth, object{"project": object{"name": project, "domain": domain}})
}

func withScope(auth object, scope any) object {
	return object{"auth": object{"identity": auth["identity"], "scope": scope}}
}

// unscoped asks for no project.
func unscoped(auth object) object { return object{"auth": auth} }
