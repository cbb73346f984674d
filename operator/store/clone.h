#pragma once

#include "operator/api/kinds.h"

namespace hawser::store {

// A copy, secrets included: spelled out, because a Secret does not copy by itself.
api::AnyObject clone(const api::AnyObject& object);
api::ObjectSet clone(const api::ObjectSet& set);
// REQUIRES: no object of that kind and name is in the set.
void insert(api::ObjectSet& set, api::AnyObject object);

}  // namespace hawser::store
