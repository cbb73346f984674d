#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/base/bytes.h"

namespace hawser::testing {

// One record of a vector file. A name that is missing or is not hex fails the process: the file is ours.
class VectorRecord {
 public:
  const std::string& text(const std::string& name) const;
  Bytes bytes(const std::string& name) const;
  bool has(const std::string& name) const { return values_.contains(name); }
  void set(std::string name, std::string value) { values_[std::move(name)] = std::move(value); }
  bool empty() const { return values_.empty(); }
  // "cipher/nist_cbc.txt record 12", for failure messages.
  std::string where;

 private:
  std::map<std::string, std::string> values_;
};

struct VectorFile {
  std::filesystem::path path;
  std::string first_line;
  std::vector<VectorRecord> records;
};

// Every .txt below tests/vectors/<folder>, in order of the name.
std::vector<VectorFile> load_vector_files(const std::string& folder);
// Their records, in one list.
std::vector<VectorRecord> load_vectors(const std::string& folder);

}  // namespace hawser::testing
