#pragma once

#include "operator/api/kinds.h"

namespace hawser::api {

// False, and the set unchanged, when an object of the same kind, namespace and name is there already;
// `object` is then untouched.
bool insert(ObjectSet& objects, AnyObject& object);
bool contains(const ObjectSet& objects, const ObjectKey& key);
// Where the object stands in its manifest; null when it is not in the set.
const Positions* positions_of(const ObjectSet& objects, const ObjectKey& key);
// The position of a field, else of the nearest field above it that is written, else of the object.
Position position_of(const Positions& positions, std::string_view field_path);

}  // namespace hawser::api
