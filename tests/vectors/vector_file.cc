#include "tests/vectors/vector_file.h"

#include <algorithm>
#include <fstream>

namespace hawser::testing {
namespace {

VectorFile load(const std::filesystem::path& path, const std::filesystem::path& root) {
  VectorFile out{path, "", {}};
  std::ifstream in(path);
  CHECK(in.is_open());
  std::getline(in, out.first_line);
  std::string line;
  VectorRecord record;
  auto finish = [&] {
    if (record.empty()) return;
    record.where =
        path.lexically_relative(root).string() + " record " + std::to_string(out.records.size() + 1);
    out.records.push_back(std::move(record));
    record = VectorRecord();
  };
  while (std::getline(in, line)) {
    if (line.empty()) {
      finish();
      continue;
    }
    if (line[0] == '#') continue;
    size_t equals = line.find(" =");
    CHECK(equals != std::string::npos);
    record.set(line.substr(0, equals), line.size() > equals + 3 ? line.substr(equals + 3) : "");
  }
  finish();
  return out;
}

}  // namespace

const std::string& VectorRecord::text(const std::string& name) const {
  auto found = values_.find(name);
  CHECK(found != values_.end());
  return found->second;
}

Bytes VectorRecord::bytes(const std::string& name) const { return from_hex(text(name)).value(); }

std::vector<VectorFile> load_vector_files(const std::string& folder) {
  std::filesystem::path root = std::filesystem::path(HAWSER_SOURCE_DIR) / "tests/vectors";
  std::vector<VectorFile> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder))
    if (entry.path().extension() == ".txt" && entry.path().filename() != "CMakeLists.txt")
      out.push_back(load(entry.path(), root));
  std::ranges::sort(out, {}, &VectorFile::path);
  return out;
}

std::vector<VectorRecord> load_vectors(const std::string& folder) {
  std::vector<VectorRecord> out;
  for (auto& file : load_vector_files(folder)) std::ranges::move(file.records, std::back_inserter(out));
  return out;
}

}  // namespace hawser::testing
