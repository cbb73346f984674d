#pragma once

#include <iosfwd>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "operator/api/kinds.h"
#include "operator/store/status_file.h"

namespace hawser::cli {

// One object as `hawser get` shows it. Either part may be missing: not in the manifests any more, or no
// status yet.
struct View {
  api::ObjectKey key;
  const api::AnyObject* object = nullptr;
  const store::StatusRecord* record = nullptr;
};

// What a table needs beyond one object: the address of a connection's site.
using SiteAddresses = std::map<std::string, std::string>;  // by "namespace/name"

struct TableOptions {
  bool namespaces = false;  // a NAMESPACE column
  bool wide = false;
  bool kind_in_name = false;  // "connection.hawser.dev/vnet1tosite6", as kubectl does for several kinds
};

// The table of one kind, columns as kubectl prints them. REQUIRES: all views are of `kind`.
void print_table(api::Kind kind, const std::vector<View>& views, const SiteAddresses& sites,
                 const TableOptions& options, WallTime now, std::ostream& out);
// What a person asks of one object next: conditions with their messages, the negotiated suite, the last
// failure.
void print_detail(const View& view, std::ostream& out);

nlohmann::ordered_json to_json(const View& view);

// "5s", "12m", "3h", "4d"; "<unknown>" when the text is no time.
std::string age(const std::string& rfc3339, WallTime now);

}  // namespace hawser::cli
