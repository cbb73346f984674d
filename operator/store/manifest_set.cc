#include "operator/store/manifest_set.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "operator/store/clone.h"

namespace hawser::store {
namespace {

// FNV-1a. It tells one text of the user's own from the next; nobody gains by a collision.
std::string digest(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (unsigned char c : text) hash = (hash ^ c) * 0x100000001b3ULL;
  uint8_t octets[8];
  store_be64(octets, hash);
  return to_hex(octets);
}

void add_line(std::string& text, const std::string& line) { text += (text.empty() ? "" : "; ") + line; }

std::string join(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " and ") + name;
  return text;
}

}  // namespace

bool parse_key(std::string_view text, api::ObjectKey& key) {
  const size_t space = text.find(' ');
  const size_t slash = text.find('/', space == std::string_view::npos ? text.size() : space);
  if (slash == std::string_view::npos) return false;
  const auto* row = std::ranges::find(api::kKinds, text.substr(0, space), &api::KindRow::name);
  if (row == std::end(api::kKinds)) return false;
  key = {row->kind, std::string(text.substr(space + 1, slash - space - 1)),
         std::string(text.substr(slash + 1))};
  return !key.namespace_.empty() && !key.name.empty();
}

// Problems of a nameable object go to that object; all others are faults of the text as a whole.
void ManifestSet::take_problems(File& next, const std::vector<api::Problem>& problems,
                                std::string& text_fault) {
  for (const api::Problem& problem : problems) {
    if (problem.severity != api::Severity::Error) continue;
    api::ObjectKey key;
    add_line(parse_key(problem.object, key) ? next.broken[key] : text_fault, api::to_string(problem));
  }
}

void ManifestSet::keep_last_good(File& next, File& last, const std::string& text_fault) {
  for (auto& [key, object] : last.objects) {
    if (next.objects.contains(key)) continue;
    if (!next.broken.contains(key) && text_fault.empty()) continue;  // removed by the user
    if (!next.broken.contains(key)) next.broken[key] = text_fault;
    next.objects.emplace(key, std::move(object));
  }
}

void ManifestSet::report(const std::string& file, const File& next, const File& last,
                         const std::string& text_fault) {
  if (!text_fault.empty())
    notices_.push_back({Notice::Level::Error, text_fault + " (" + file + " keeps its objects as last read)"});
  for (const auto& [key, message] : next.broken)
    if (message != text_fault) notices_.push_back({Notice::Level::Error, key.to_string() + ": " + message});
  for (const std::string& ignored : next.ignored)
    if (!last.ignored.contains(ignored))
      notices_.push_back(
          {Notice::Level::Info, file + ": ignored " + ignored + ": not of the group hawser.dev"});
}

void ManifestSet::put(const std::string& file, std::string_view text) {
  File& last = files_[file];
  // A file that is written in place is empty for a moment: that must not delete a connection that is up.
  if (text.empty() && !last.objects.empty())
    return put_unreadable(file,
                          "it is empty; to delete its objects, remove the file or leave a comment in it");
  api::ParsedManifests parsed = api::parse_manifests(file, text);
  File next;
  std::string text_fault;
  take_problems(next, parsed.problems, text_fault);
  for (const api::Problem& problem : parsed.problems)
    if (problem.severity == api::Severity::Warning)
      notices_.push_back({Notice::Level::Warning, api::to_string(problem)});
  for (api::AnyObject& object : parsed.objects) {
    const api::ObjectKey key = api::key_of(object);
    // The same object twice in one file: neither is better than the other, so the last good one stays.
    if (next.objects.erase(key) > 0) add_line(next.broken[key], file + " has it twice; keep one");
    if (!next.broken.contains(key)) next.objects.emplace(key, std::move(object));
  }
  next.ignored.insert(parsed.ignored.begin(), parsed.ignored.end());
  next.known = last.known || text_fault.empty();
  next.fault = text_fault;
  keep_last_good(next, last, text_fault);
  report(file, next, last, text_fault);
  last = std::move(next);
}

void ManifestSet::put_unreadable(const std::string& file, const std::string& why) {
  File& last = files_[file];
  const std::string message = file + ": " + why;
  for (const auto& entry : last.objects) last.broken[entry.first] = message;
  last.fault = message;
  notices_.push_back({Notice::Level::Error, message + " (it keeps its objects as last read)"});
}

void ManifestSet::erase(const std::string& file) { files_.erase(file); }

bool ManifestSet::has_secret(const std::string& file) const {
  auto found = files_.find(file);
  return found != files_.end() && std::ranges::any_of(found->second.objects, [](const auto& entry) {
           return entry.first.kind == api::Kind::Secret;
         });
}

// Of several files that hold one object, the one it came from before; null when it came from none of them.
const std::string* ManifestSet::owner(const api::ObjectKey& key, const std::set<std::string>& files) const {
  if (files.size() == 1) return &*files.begin();
  auto before = owners_.find(key);
  if (before == owners_.end()) return nullptr;
  auto still = files.find(before->second);
  return still == files.end() ? nullptr : &*still;
}

std::shared_ptr<const SourceSnapshot> ManifestSet::build(MetadataKeeper& metadata, WallTime now) {
  auto snapshot = std::make_shared<SourceSnapshot>();
  snapshot->revision = ++revision_;
  std::map<api::ObjectKey, std::set<std::string>> holders;
  for (const auto& [name, file] : files_) {
    if (!file.known && snapshot->complete) {
      snapshot->complete = false;
      snapshot->incomplete_because = file.fault;
    }
    for (const auto& entry : file.objects) holders[entry.first].insert(name);
    for (const auto& [key, message] : file.broken) {
      holders[key].insert(name);
      add_line(snapshot->broken[key].message, message);
    }
  }
  std::map<api::ObjectKey, std::string> owners;
  for (const auto& [key, files] : holders) {
    if (files.size() > 1)
      add_line(snapshot->broken[key].message,
               key.to_string() + " is in " + join(files) + "; keep it in one of them");
    const std::string* from = owner(key, files);
    if (from == nullptr) continue;
    owners[key] = *from;
    auto found = files_.at(*from).objects.find(key);
    if (found == files_.at(*from).objects.end()) continue;
    api::AnyObject object = clone(found->second);
    std::visit(
        [&](auto& value) {
          value.meta = metadata.assign(key, digest(api::spec_to_json(object).dump()), now);
        },
        object);
    insert(snapshot->objects, std::move(object));
  }
  owners_ = std::move(owners);
  return snapshot;
}

std::vector<Notice> ManifestSet::take_notices() { return std::exchange(notices_, {}); }

}  // namespace hawser::store
