#pragma once

namespace hawser::kube {

// cpprestsdk's pool, shared by all clients and listeners of the process; 40 threads unless this is called
// before the first of them is made. Later calls change nothing.
void limit_http_threads(int count);

}  // namespace hawser::kube
